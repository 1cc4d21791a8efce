"""The deciding frame is the application's newest, and is called the same on each machine and after each build."""

# ruff: noqa: E501 (a case of a table is one line)

import pytest

from errtally.event.model import Frame
from errtally.exporter.grouping.in_app import deciding_frame
from errtally.exporter.grouping.ownership import Ownership
from errtally.exporter.grouping.places import INLINE, normalised, site_of


def frames(*described):
    return [Frame(**frame) for frame in described]


APP = {"function": "price", "filename": "/srv/shop/orders/price.py"}


@pytest.mark.parametrize(
    ("stack", "function", "in_app"),
    [
        pytest.param([APP, {"function": "get", "filename": "/usr/lib/python3.11/site-packages/x.py"}], "price", True, id="a dependency's folder"),
        pytest.param([APP, {"function": "run", "filename": "/opt/py/lib/python3.11/asyncio/runners.py"}], "price", True, id="Python's library"),
        pytest.param([APP, {"function": "load", "filename": "<frozen importlib._bootstrap>"}], "price", True, id="frozen modules"),
        pytest.param([APP, {"function": "emit", "filename": "node:events"}], "price", True, id="Node's own modules"),
        pytest.param([APP, {"function": "x", "filename": "C:\\app\\node_modules\\y\\z.js"}], "price", True, id="node_modules on Windows"),
        pytest.param([APP, {"function": "get", "module": "java.util.ArrayList", "filename": "ArrayList.java"}], "price", True, id="Java's library"),
        pytest.param([APP, {"function": "x", "module": "javaxyz.Foo"}], "x", True, id="a package that only begins alike"),
        pytest.param([APP, {"function": "core::panicking::panic_fmt"}], "price", True, id="Rust's core"),
        pytest.param([APP, {"function": "map/2", "package": "elixir"}], "price", True, id="Elixir's own application"),
        pytest.param([APP, {"function": "load", "filename": "/srv/x.py", "in_app": False}], "price", True, id="the client's flag"),
        pytest.param([APP, {"function": "k", "filename": "/x/site-packages/a.py", "in_app": True}], "k", True, id="a flag beats the rules"),
        pytest.param([APP, {"function": "JSON.parse", "filename": "", "in_app": True}], "price", True, id="the engine's own, flagged"),
        pytest.param([APP, {"function": "new Promise", "filename": "<anonymous>", "in_app": True}], "price", True, id="in no file"),
        pytest.param([{"function": "dep", "filename": "/x/site-packages/a.py"}, {"function": "std", "module": "java.lang.X"}], "dep", False, id="no application: the newest dependency"),
        pytest.param([{"function": "a", "module": "java.lang.X"}, {"function": "b", "module": "java.lang.Y"}], "b", False, id="only the library: the newest"),
        pytest.param([APP, {"function": "processTicksAndRejections", "in_app": True}], "price", True, id="helpers are passed over"),
        pytest.param([{"function": "{main}"}], "{main}", False, id="only a helper"),
        pytest.param([{}, {}], None, False, id="frames that say nothing"),
    ],
)  # fmt: skip
def test_deciding_frame(stack, function, in_app):
    frame, found = deciding_frame(frames(*stack))
    assert (frame.function, found) == (function, in_app)


def test_a_stack_without_frames_has_no_deciding_frame():
    assert deciding_frame([]) == (None, False)


@pytest.mark.parametrize(
    ("frame", "place"),
    [
        pytest.param({"filename": "/srv/shop/orders/price.py"}, "orders/price", id="folder and file"),
        pytest.param({"filename": "price.py"}, "price", id="only a file"),
        pytest.param({"filename": "/srv/shop/orders/__init__.py"}, "shop/orders/__init__", id="a package's file needs its folders"),
        pytest.param({"filename": "x.py", "abs_path": "/srv/shop/x.py"}, "shop/x", id="the absolute path is what text has too"),
        pytest.param({"filename": "/srv/shop/releases/20260101120000/price.py"}, "shop/price", id="a release's folder"),
        pytest.param({"filename": "/srv/shop/9f86d081884c/price.py"}, "shop/price", id="a commit's folder"),
        pytest.param({"filename": "/srv/shop-1.2.3/src/price.py"}, "shop/price", id="a version in the folder's name"),
        pytest.param({"filename": "https://a.example/static/app.3f2a1c9b.js?v=1#x"}, "static/app", id="a bundle's hash, query and host"),
        pytest.param({"filename": "app:///dist/main.js"}, "main", id="the scheme of a source map"),
        pytest.param({"filename": "webpack:///./src/cart/x.js?abcd"}, "cart/x", id="webpack"),
        pytest.param({"filename": "http://127.0.0.1:1/p.js"}, "p", id="a file at the root"),
        pytest.param({"filename": "https://a.example/orders/17"}, INLINE, id="a script in a page, whose address has ids"),
        pytest.param({"filename": "blob:https://a.example/3f2a1c9b-0d1e"}, INLINE, id="a blob"),
        pytest.param({"filename": "file:///srv/a/n.mjs"}, "a/n", id="a file URL"),
        pytest.param({"filename": "C:\\srv\\shop\\x.php"}, "shop/x", id="a Windows path"),
        pytest.param({"module": "com.acme.Shop$1", "filename": "Shop.java"}, "com.acme.Shop", id="Java's class"),
        pytest.param({"module": "github.com/x/y@v1.2.3/z"}, "z", id="Go's package, where there is no file"),
        pytest.param({"module": "github.com/x/y/z", "filename": "/a/z/b.go"}, "z/b", id="Go's file, which each client sends"),
        pytest.param({"module": "orders.price"}, "orders.price", id="only a module"),
        pytest.param({"module": "orders.price", "filename": "orders/price.py"}, "orders/price", id="Python's path beats its module"),
        pytest.param({"module": "$Proxy12"}, "$Proxy", id="a proxy's number"),
        pytest.param({}, "", id="nothing"),
    ],
)  # fmt: skip
def test_place(frame, place):
    assert site_of(Frame(**frame)).place == place


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        pytest.param("<lambda>", "lambda", id="Python's lambda"),
        pytest.param("outer.<locals>.inner", "inner", id="Python's qualified name"),
        pytest.param("<module>", "", id="Python's module"),
        pytest.param("async open", "open", id="V8's async"),
        pytest.param("new Foo", "Foo", id="V8's constructor"),
        pytest.param("get bad [as bad]", "bad", id="V8's getter with alias"),
        pytest.param("?", "", id="an unknown function"),
        pytest.param("f/<", "f", id="Firefox's inner function"),
        pytest.param("async*f", "f", id="Firefox's asynchronous parent"),
        pytest.param("lambda$main$5", "main", id="Java's lambda"),
        pytest.param("com.acme.X$$Lambda$14/0x00", "com.acme.X$$Lambda", id="Java's lambda class"),
        pytest.param("Svc$$EnhancerBySpringCGLIB$$ab12", "Svc", id="CGLIB"),
        pytest.param("jdk.internal.reflect.GeneratedMethodAccessor12", "jdk.internal.reflect.GeneratedMethodAccessor", id="accessors"),
        pytest.param("access$000", "access", id="Java's synthetic accessor"),
        pytest.param("Foo$1", "Foo", id="Java's anonymous class"),
        pytest.param("<Main>b__0_1", "Main", id=".NET's lambda"),
        pytest.param("<Main>m__3", "Main", id="Mono's lambda"),
        pytest.param("<>c.<Main>b__0_1", "Main", id=".NET's lambda with its class"),
        pytest.param("<Aio>d__1.MoveNext", "Aio", id=".NET's asynchronous method"),
        pytest.param("Repo`1[T]", "Repo", id=".NET's generics"),
        pytest.param("main.func3", "main.func", id="Go's function literal"),
        pytest.param("main.func1.2", "main.func", id="Go's nested function literal"),
        pytest.param("func2", "func", id="Go's function literal alone"),
        pytest.param("(*T[...]).m", "(*T).m", id="Go's generics"),
        pytest.param("block (2 levels) in find", "find", id="Ruby's block"),
        pytest.param("rescue in outer", "outer", id="Ruby's rescue"),
        pytest.param("Acme\\{closure:/f.php:3}", "Acme\\{closure}", id="PHP's numbered closure"),
        pytest.param("r::f::{{closure}}::h0123456789abcdef", "r::f", id="Rust's closure and hash"),
        pytest.param("std[e28293b1aa0f68bd]::x", "std::x", id="Rust's crate hash"),
        pytest.param('"-map/2-lists^map/1-0-"/2', "map/2", id="Erlang's comprehension"),
        pytest.param("0x7f00", "", id="an address"),
    ],
)  # fmt: skip
def test_function(name, normal):
    assert normalised(name) == normal


@pytest.mark.parametrize(
    ("frame", "function"),
    [
        pytest.param({"function": "Repo.find", "filename": "a.js"}, "find", id="Chromium names the class"),
        pytest.param({"function": "find", "filename": "a.js"}, "find", id="Firefox does not"),
        pytest.param({"function": "Object.<anonymous>", "filename": "a.js"}, "", id="an anonymous function"),
        pytest.param({"function": "Shop::Repo#find", "filename": "a.rb"}, "find", id="Ruby 3.4 names the class"),
        pytest.param(
            {"function": "(*Repo).find", "module": "main", "filename": "a.go"}, "(*Repo).find", id="Go's receiver stays"
        ),
        pytest.param({"filename": "a.js"}, "", id="no function"),
        pytest.param({"function": "a.b"}, "a.b", id="no path"),
    ],
)
def test_function_of_a_frame(frame, function):
    assert site_of(Frame(**frame)).function == function


GO = {"function": "Price", "module": "shop/orders", "filename": "/srv/shop/orders/orders.go"}
RUST = {"function": "shop::orders::price"}


@pytest.mark.parametrize(
    ("stack", "function"),
    [
        pytest.param([GO, {"function": "(*Context).MustGet", "module": "github.com/gin-gonic/gin", "filename": "/go/pkg/mod/github.com/gin-gonic/gin@v1.12.0/context.go", "in_app": True}], "Price", id="Go's module cache is no application though flagged so"),
        pytest.param([{**GO, "filename": "shop/orders/orders.go", "in_app": False}, {"function": "Repeat", "module": "strings", "filename": "strings/strings.go", "in_app": False}], "Price", id="-trimpath: all flagged alike, so rules decide"),
        pytest.param([GO, {"function": "gopanic", "module": "runtime", "filename": "runtime/panic.go"}, {"function": "recoverer.func1", "module": "main", "filename": "/srv/shop/main.go"}], "Price", id="a deferred function that recovers"),
        pytest.param([RUST, {"function": "core::option::unwrap_failed"}, {"function": "rust_begin_unwind"}, {"function": "shop::hook::{{closure}}", "in_app": True}], "shop::orders::price", id="a panic hook"),
        pytest.param([RUST, {"function": "sentry_panic::event_from_panic_info", "in_app": True}], "shop::orders::price", id="an SDK's own frames"),
        pytest.param([{"function": "run", "module": "com.acme.Orders", "filename": "Orders.java", "in_app": True}, {"function": "get", "module": "org.h9.Driver", "filename": "Driver.java"}], "run", id="no flag beside flagged frames is a library"),
        pytest.param([{"function": "a", "filename": "/srv/a.c"}, {"function": "memcpy", "package": "/usr/lib/x86_64-linux-gnu/libc.so.6"}], "a", id="a system library"),
        pytest.param([{"function": "Run", "module": "Acme.Shop.Orders"}, {"function": "Query", "module": "Dapper.SqlMapper"}], "Run", id=".NET's packages"),
        pytest.param([{"function": "run", "module": "com.acme.Orders", "filename": "Orders.java"}, {"function": "checkNotNull", "module": "com.google.common.base.Preconditions", "filename": "Preconditions.java"}], "run", id="Guava"),
    ],
)  # fmt: skip
def test_what_is_nobodys_application(stack, function):
    assert deciding_frame(frames(*stack))[0].function == function


@pytest.mark.parametrize(
    ("include", "exclude", "function"),
    [
        pytest.param([], ["com.acme"], "rest", id="a package that is not the application's"),
        pytest.param(["org.apache.acme"], [], "mine", id="a package that is, among libraries"),
        pytest.param(["org.apache.acme"], ["com.acme"], "mine", id="both"),
    ],
)
def test_settings_go_before_everything(include, exclude, function):
    stack = frames(
        {"function": "rest", "module": "de.shop.Rest", "filename": "Rest.java"},
        {"function": "mine", "module": "org.apache.acme.Core", "filename": "Core.java"},
        {"function": "make", "module": "com.acme.Made", "filename": "Made.java"},
    )
    stack = stack if not include or exclude else stack[:2]
    assert deciding_frame(stack, Ownership(include, exclude))[0].function == function


def test_settings_name_folders():
    stack = frames(
        {"function": "price", "filename": "/srv/shop/price.py"},
        {"function": "made", "filename": "/srv/shop/generated/made.py"},
    )
    assert deciding_frame(stack, Ownership([], ["/srv/shop/generated/"]))[0].function == "price"


MAIN = {"function": "main.main", "filename": "/srv/shop/main.go"}
LITERAL = {"function": "main.main.func1", "filename": "/srv/shop/main.go"}
ORDERS = {"function": "orders.Price", "filename": "/srv/shop/orders/orders.go"}


@pytest.mark.parametrize(
    ("stack", "function"),
    [
        pytest.param([MAIN, ORDERS, LITERAL], "orders.Price", id="main hands it to another package"),
        pytest.param([MAIN, ORDERS, {**LITERAL, "function": "main.func2"}], "orders.Price", id="without its package"),
        pytest.param([MAIN, ORDERS, LITERAL, {"function": "rollbar-go.Error", "filename": "github.com/rollbar/rollbar-go@v1.4.5/rollbar.go"}], "orders.Price", id="below frames of the client"),
        pytest.param([MAIN, LITERAL], "main.main.func1", id="main called it itself"),
        pytest.param([MAIN, {"function": "http.HandlerFunc.ServeHTTP", "filename": "/usr/local/go/src/net/http/server.go"}, LITERAL], "main.main.func1", id="a handler, which a library calls"),
        pytest.param([MAIN, ORDERS, LITERAL, {"function": "panic", "filename": "/usr/local/go/src/runtime/panic.go"}], "main.main.func1", id="it panicked itself"),
        pytest.param([MAIN, ORDERS, {"function": "stock.Load.func1", "filename": "/srv/shop/stock/stock.go"}], "stock.Load.func1", id="a literal of another function"),
    ],
)  # fmt: skip
def test_a_literal_of_main_that_reports_is_not_the_place(stack, function):
    assert deciding_frame(frames(*stack))[0].function == function


JVM = [
    {"function": "lambda$total$0", "module": "com.acme.shop.Shop", "filename": "Shop.java"},
    {"function": "com.acme.shop.Shop.lambda$total$0", "filename": "Shop.java"},
    {"function": "lambda$total$0", "filename": "/srv/out/com/acme/shop/Shop.class"},
]
GO_CLIENTS = [
    {"function": "(*Shelf[...]).Put", "module": "github.com/acme/shop/stock", "abs_path": "/srv/shop/stock/stock.go"},
    {"function": "(*Shelf).Put", "filename": "/srv/shop/stock/stock.go"},
    {"function": "stock.(*Shelf[...]).Put", "filename": "/srv/shop/stock/stock.go"},
    {"function": "(*Shelf[go.shape.int]).Put", "module": "github.com/acme/shop/stock", "filename": "github.com/acme/shop/stock/stock.go"},
]  # fmt: skip


@pytest.mark.parametrize("clients", [JVM, GO_CLIENTS], ids=["JVM", "Go"])
def test_one_call_is_called_the_same_whichever_client_sent_it(clients):
    assert len({site_of(Frame(**frame))[:2] for frame in clients}) == 1


def of_module(language):
    return lambda name: {"module": name, "function": "run", "filename": f"x.{language}"}


@pytest.mark.parametrize(
    ("library", "names"),
    [
        pytest.param(of_module("java"), ["com.slack.api.Slack", "io.vavr.control.Try", "org.xerial.snappy.Snappy", "cn.hutool.core.Util", "org.jetbrains.exposed.sql.Query", "io.temporal.Worker"], id="JVM"),
        pytest.param(of_module("cs"), ["CommunityToolkit.Mvvm.Bus", "MailKit.Net.Smtp.SmtpClient", "Volo.Abp.Module", "Avalonia.Controls.Button", "LiteDB.Engine"], id=".NET"),
        pytest.param(lambda name: {"function": name, "in_app": True}, ["hashbrown::map::HashMap::index", "prost::Message::decode", "rusqlite::Connection::prepare", "<E as anyhow::StdError>::ext_context", "<&mut serde_json::Deserializer<R> as serde::Deserializer>::map", "diesel::connection::execute", "sqlx_core::pool::Pool::acquire"], id="crates without debug information"),
        pytest.param(lambda name: {"function": "run", "filename": name}, [
            "https://cdn.jsdelivr.net/npm/vue@3.4.0/dist/vue.global.js", "https://unpkg.com/react@18/umd/react.js", "https://js.stripe.com/v3/index.js",
            "https://www.googletagmanager.com/gtag/js", "/app/wp-includes/class-wpdb.php", "C:\\Python311\\Lib\\json\\decoder.py",
        ], id="by path"),
        pytest.param(lambda name: {"function": "run", "package": name}, [
            "C:\\WINDOWS\\SYSTEM32\\VCRUNTIME140.dll", "nvoglv64.dll", "d3d11.dll", "libnvidia-glcore.so.535", "/usr/lib/jvm/java-17/lib/server/libjvm.so",
        ], id="binaries"),
    ],
)  # fmt: skip
def test_libraries_never_decide(library, names):
    application = {"function": "price", "module": "shop.Orders", "package": "/opt/shop/shop"}
    assert [name for name in names if deciding_frame(frames(application, library(name)))[0].function != "price"] == []


def test_a_namespace_of_cpp_is_no_crate():
    drawn = {"function": "image::Decoder::decode(int)", "package": "/opt/shop/shop"}
    assert deciding_frame(frames({"function": "main", "package": "/opt/shop/shop"}, drawn))[0].function.startswith(
        "image"
    )


@pytest.mark.parametrize(
    ("stack", "function"),
    [
        pytest.param(["price", "wrapper"], "price", id="what called the decorated function"),
        pytest.param(["price", "inner", "wrapper"], "price", id="two decorators"),
        pytest.param(["price", "wrapper", "load"], "load", id="the decorated function"),
        pytest.param(["wrapper"], "wrapper", id="nothing else"),
    ],
)
def test_a_decorators_function_is_no_place(stack, function):
    names = frames(*[{"function": name, "filename": "/srv/shop/orders.py"} for name in stack])
    assert deciding_frame(names) == (names[stack.index(function)], True)
