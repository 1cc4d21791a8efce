"""One call is one place whatever compiler, engine, build and client called it; two calls are two."""

# ruff: noqa: E501 (a case of a table is one line)

import pytest

from errtally.event.model import Event, ExceptionInfo, Frame
from errtally.exporter.grouping import fingerprint

SHOP = "https://shop.example"
BUNDLE = f"{SHOP}/assets/index-DbQ2xY9p.js"


def issue(frame, *, message="bad", kind="ShopError", platform=None):
    """The fingerprint of a failure in one frame."""
    raised = ExceptionInfo(kind, message, frames=[Frame(**{"in_app": True, **frame})])
    return fingerprint(Event(event_id="0" * 32, timestamp=0.0, exceptions=[raised], platform=platform)).fingerprint


def of(path, field="function"):
    """What makes a frame of a name, the file given."""
    return lambda name: {"abs_path": path, field: name}


def of_class(name):
    """A frame of the JVM: class and method with a blank between them."""
    module, _, function = name.partition(" ")
    return {"module": module, "function": function or "price"}


CPP, RUST, RUBY, PHP = of("/src/cart.cpp"), of(None), of("/srv/orders.rb"), of("/srv/orders.php")
GO, SCRIPT = of("/srv/shop/orders.go"), lambda path: {"abs_path": SHOP + path, "function": "checkout"}
SCRIPT_OF_A_PHONE = lambda path: {"abs_path": f"file://{path}", "function": "checkout"}  # noqa: E731
PYTHON = lambda path: {"abs_path": path, "function": "price"}  # noqa: E731
ELIXIR = lambda name: {"abs_path": "lib/shop.ex", "module": "Shop", "function": name}  # noqa: E731

ONE = [
    (CPP, "total(std::vector<int>)", "total(std::__1::vector<long>)", "template arguments"),
    (CPP, "shop::total(int)", "shop::total(int) [clone .cold]", "GCC's cold part"),
    (CPP, "total.constprop.0.isra.0", "total", "GCC's clones"),
    (CPP, "total.llvm.1234567", "total.lto_priv.0", "clones of link-time optimisation"),
    (CPP, "shop::run()::{lambda(int)#1}::operator()(int) const", "shop::run()::{lambda(int)#2}::operator()(int) const", "lambdas of one function"),
    (CPP, "std::function<void (int)> shop::make()", "std::function<void (long)> shop::make()", "what a template returns"),
    (CPP, "shop::log(char const*, ...)", "shop::log(char const*)", "variadic"),
    (RUST, "shop::find::<u32>", "shop::find::<u64>", "Rust's type arguments"),
    (RUST, "shop::find::{{closure}}", "shop::find::{closure#0}", "Rust's closures"),
    (RUST, "shop::find::h0123456789abcdef", "shop::find::hfedcba9876543210", "Rust's hashes"),
    (RUBY, "_app_views_orders_show_html_erb__123_456", "_app_views_orders_show_html_erb___99_7", "Rails' views"),
    (RUBY, "__tilt_123", "__tilt_9988", "Tilt's templates"),
    (RUBY, "block (2 levels) in Order#price", "price", "Ruby's blocks"),
    (PHP, "App\\Order::{closure}", "{closure:App\\Order::price():17}", "PHP 8.4's closures"),
    (PHP, "App\\Order->price", "price", "PHP's classes"),
    (ELIXIR, "-price/2-fun-0-", "-price/2-fun-3-", "Elixir's function literals"),
    (ELIXIR, '"-price/2-lists^map/1-0-"', "-price/2-fun-0-", "Erlang's comprehensions"),
    (GO, "(*Shelf).Put", "stock.(*Shelf).Put", "with its package or without"),
    (GO, "main.func5.ByShare.1", "ByShare.func1", "an inlined closure"),
    (GO, "Map[go.shape.int]", "Map[...]", "Go's shapes"),
    (GO, "run.gowrap1", "run", "a go statement's wrapper"),
    (of_class, "com.acme.Shop lambda$total$0", "com.acme.Shop total", "Java's lambdas"),
    (of_class, "com.acme.Shop$$Lambda/0x00007f8b apply", "com.acme.Shop$$Lambda/0x00009f8b apply", "classes of lambdas"),
    (of_class, "com.acme.Shop$$Lambda$17 apply", "com.acme.Shop$$Lambda$18/0x0 apply", "numbered classes of lambdas"),
    (of_class, "com.acme.Shop$$SpringCGLIB$$0 price", "com.acme.Shop price", "Spring's proxies"),
    (of_class, "com.acme.Shop_ClientProxy price", "com.acme.Shop price", "Quarkus' proxies"),
    (of_class, "com.acme.Shop price$$superaccessor2", "com.acme.Shop price$$superaccessor7", "Quarkus' accessors"),
    (of_class, "com.acme.Shop access$price", "com.acme.Shop price", "Kotlin's accessors"),
    (of_class, "com.acme.Shop price$default", "com.acme.Shop price", "Kotlin's default arguments"),
    (of_class, "shop.core$price invokeStatic", "shop.core$price invoke", "how Clojure enters a function"),
    (of_class, "com.sun.proxy.$Proxy12 find", "jdk.proxy3.$Proxy99 find", "the JDK's proxies"),
    (SCRIPT, "/assets/Cart-AbCdEfGh.js", "/assets/Cart-ZyXwVuTs.js", "letters alone in a hash"),
    (SCRIPT, "/_next/static/chunks/1kft0mz3ypx5e.js", "/_next/static/chunks/0zz90mz3ypabc.js", "Turbopack's chunks"),
    (SCRIPT, "/app/%28shop%29/%5Bid%5D/page-0a1b2c3d4e5f6a7b.js", "/app/(shop)/[id]/page-7b6a5f4e3d2c1b0a.js", "escapes in an address"),
    (SCRIPT, "/orders/17?x=1", "/users/ann#top", "a script in a page"),
    (PYTHON, "/tmp/_MEI4812/orders.py", "/tmp/_MEIab12/orders.py", "PyInstaller's folder"),
    (PYTHON, f"/var/lib/docker/overlay2/{'ab12' * 16}/merged/app/orders.py", "/app/orders.py", "a container's file system"),
    (PYTHON, "/home/runner/work/shop/shop/orders.py", "/app/orders.py", "where a CI checks out"),
    (SCRIPT_OF_A_PHONE, "/var/containers/Bundle/Application/3F2A1C9B-0D1E-4F3A-8B5C-6D7E8F901234/Shop.app/main.jsbundle", "/main.jsbundle", "a bundle in an app's folder"),
    (PYTHON, "/home/site/wwwroot/orders.py", "/tmp/8dbf1234/orders.py", "Azure's folders"),
    (PYTHON, "/Data/Application/3F2A1C9B-0D1E-4F3A-8B5C-6D7E8F901234/app/orders.py", "/Data/Application/99991C9B-0D1E-4F3A-8B5C-6D7E8F901234/app/orders.py", "an identifier as a folder"),
    (lambda path: {"filename": path, "function": "price"}, "[PROJECT_ROOT]/com/acme/Shop.java", "com/acme/Shop.java", "Honeybadger's project root"),
]  # fmt: skip

TWO = [
    (CPP, "(anonymous namespace)::price(int)", "(anonymous namespace)::tax(int)", "an anonymous namespace"),
    (CPP, "std::function<void (int)> shop::make()", "std::function<void (int)> shop::take()", "what both return"),
    (CPP, "shop::Cart::operator==(shop::Cart const&) const", "shop::Cart::operator<(shop::Cart const&) const", "operators"),
    (CPP, "-[Cart total]", "+[Cart total]", "methods of a class and of objects"),
    (RUST, "<shop::Cart as core::fmt::Display>::fmt", "<shop::Order as core::fmt::Display>::fmt", "traits"),
    (ELIXIR, "price/2", "price/1", "arities"),
    (GO, "ByShare.func1", "ByPrice.func1", "closures of two functions"),
    (of_class, "com.acme.Shop$Builder build", "com.acme.Shop$Reader build", "inner classes"),
    (SCRIPT, "/assets/UserForm.js", "/assets/CartForm.js", "compounds in place of a hash"),
    (SCRIPT, "/assets/order-decoder.js", "/assets/order-encoder.js", "words in place of a hash"),
    (PYTHON, "/srv/app/orders/models.py", "/srv/app/users/models.py", "folders"),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "a", "b"), [pytest.param(*row, id=name) for *row, name in ONE])
def test_one(frame, a, b):
    assert issue(frame(a)) == issue(frame(b))


@pytest.mark.parametrize(("frame", "a", "b"), [pytest.param(*row, id=name) for *row, name in TWO])
def test_two(frame, a, b):
    assert issue(frame(a)) != issue(frame(b))


def minified(function="Ue", message="Cannot read properties of undefined (reading 'price')", kind="TypeError"):
    """The issue of a frame of a bundle that no source map resolved."""
    frame = {"abs_path": BUNDLE, "lineno": 1, "colno": 48211, "function": function}
    return issue(frame, message=message, kind=kind, platform="javascript")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param({"function": "Ue"}, {"function": "Xt"}, id="functions"),
        pytest.param({"function": "new Ue"}, {"function": "async Xt"}, id="how they were entered"),
        pytest.param({"message": "undefined is not an object (evaluating 't.price')"}, {"message": "undefined is not an object (evaluating 'n.price')"}, id="Safari's evaluating"),
        pytest.param({"message": "Cannot access 'e' before initialization"}, {"message": "Cannot access 't' before initialization"}, id="before initialization"),
        pytest.param({"message": "Class constructor Ue cannot be invoked without 'new'"}, {"message": "Class constructor Xt cannot be invoked without 'new'"}, id="a class in the message"),
        pytest.param({"message": "no stock", "kind": "e"}, {"message": "no stock", "kind": "t"}, id="a class as the type"),
    ],
)  # fmt: skip
def test_what_a_minifier_named_takes_no_part(a, b):
    assert minified(**a) == minified(**b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param({"function": "get"}, {"function": "put"}, id="names of methods, which minifiers keep"),
        pytest.param({"message": "undefined is not an object (evaluating 't.price')"}, {"message": "undefined is not an object (evaluating 't.name')"}, id="properties"),
        pytest.param({"kind": "RangeError"}, {"kind": "TypeError"}, id="types"),
    ],
)  # fmt: skip
def test_what_a_minifier_kept_tells_two_bugs_apart(a, b):
    assert minified(**a) != minified(**b)
