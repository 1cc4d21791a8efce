"""Names in C, C++, Swift and Rust, types that say something, and quoted names that are no values."""

import pytest

from errtally.event.model import ExceptionInfo
from errtally.exporter.grouping.error_types import named_type, short_type
from errtally.exporter.grouping.scoped_names import scoped_name
from errtally.exporter.grouping.template import mask


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        pytest.param("(anonymous namespace)::price(int)", "(anonymous)::price", id="an anonymous namespace"),
        pytest.param("shop::find<shop::Order>(int)", "shop::find", id="a template argument"),
        pytest.param("int shop::Cart::total<long>(int) const [clone .cold]", "shop::Cart::total", id="all at once"),
        pytest.param("price.isra.0.part.1", "price", id="clones of GCC"),
        pytest.param("total(std::vector<int, std::allocator<int> > const&)", "total", id="nested brackets"),
        pytest.param("log(char const*, ...)", "log", id="variadic"),
        pytest.param("shop::run()::$_0::operator()(int) const", "shop::run", id="clang's lambda"),
        pytest.param("shop::run()::{lambda(int)#1}::operator()(int) const", "shop::run", id="GCC's lambda"),
        pytest.param("operator<<(std::ostream&, shop::Order const&)", "operator<<", id="an operator"),
        pytest.param("shop::orders::find::<u32>", "shop::orders::find", id="Rust's generics"),
        pytest.param(
            "<shop::Order as core::fmt::Display>::fmt", "<shop::Order as core::fmt::Display>::fmt", id="a trait"
        ),
        pytest.param("shop::main::{closure#0}::{closure#1}", "shop::main", id="Rust's closures"),
        pytest.param("closure #1 in Order.total(of: Int) throws -> Double", "Order.total", id="Swift's closure"),
        pytest.param("__45-[Foo bar:]_block_invoke_2", "-[Foo bar:]", id="a block"),
    ],
)
def test_scoped_names(name, plain):
    assert scoped_name(name) == plain


@pytest.mark.parametrize(
    ("sent", "module", "short"),
    [
        ("Mysql2::Error", None, "Mysql2::Error"),
        ("Error", "Mysql2", "Mysql2.Error"),
        ("*pq.Error", None, "pq.Error"),
        ("reqwest::error::Error", None, "reqwest::Error"),
        ("ActionView::Template::Error", None, "Template::Error"),
        ("java.lang.Exception", None, "Exception"),
        ("Exception", "java.lang", "Exception"),
        ("PaymentClient$Declined", "com.acme", "Declined"),
        ("stock.go:10 (Price)", None, ""),
        ("heap-use-after-free", None, "heap-use-after-free"),
    ],
)
def test_types(sent, module, short):
    assert short_type(sent, module) == short


def test_the_first_type_that_says_something_stands_for_wrappers():
    chain = [ExceptionInfo(name) for name in ("*fmt.wrapError", "*errors.errorString", "*stock.ShortageError")]
    assert named_type(chain, is_rust=False) == "ShortageError"
    assert named_type(chain[:2], is_rust=False) == ""
    assert named_type([ExceptionInfo("runtime.boundsError")], is_rust=False) == "panic"
    assert named_type([ExceptionInfo("Error"), ExceptionInfo("Shortage")], is_rust=True) == "Shortage"


@pytest.mark.parametrize(
    ("message", "pattern"),
    [
        ("'NoneType' object has no attribute 'price'", "'NoneType' object has no attribute 'price'"),
        (
            "Cannot read properties of undefined (reading 'total')",
            "Cannot read properties of undefined (reading 'total')",
        ),
        ('relation "orders" does not exist', "relation 'orders' does not exist"),
        ("'depth' must be positive", "'depth' must be positive"),
        ("customer 'Ann' is not known here", "customer <str> is not known here"),
        ("Request failed with status code 404", "Request failed with status code 404"),
        ("payment failed: card_declined", "payment failed: card_declined"),
        ("unknown fields: colour, size", "unknown fields: <str>"),
        ("could not read /tmp/x s", "could not read <path> s"),
        ("Loading chunk basket failed.", "Loading chunk <str> failed."),
        ("注文17が見つかりません", "注文<num>が見つかりません"),
        ("cannot open C:\\Program Files\\Shop\\a.csv now", "cannot open <path> now"),
    ],
)
def test_messages_of_exceptions(message, pattern):
    assert mask(message, exception=True) == pattern


def test_with_a_deciding_frame_a_status_code_is_a_value():
    assert mask("Request failed with status code 404", exception=True, has_place=True).endswith("<num>")
