"""A call is in the function that a person would say, by the name that the source has for it."""

from __future__ import annotations

import pytest

from errtally.exporter.symbols.functions import begins

HERE = "@"
"""Stands at the place of the call, in a comment."""


def _function_at(text: str, url: str) -> str:
    place = text.index(f"/*{HERE}*/")
    before = text[:place]
    at = (before.count("\n"), len(before.rpartition("\n")[2].encode("utf-16-le")) // 2)
    return next((name for line, column, name in reversed(begins(text, url)) if (line, column) <= at), "")


@pytest.mark.parametrize(
    ("text", "url", "name"),
    [
        pytest.param("function pay() { /*@*/ }", "a.js", "pay", id="a declaration"),
        pytest.param("async function* pay() { /*@*/ }", "a.js", "pay", id="an asynchronous generator"),
        pytest.param("const pay = async (a) => { /*@*/ };", "a.js", "pay", id="an arrow in a variable"),
        pytest.param(
            "const pay = function other() { /*@*/ };", "a.js", "pay", id="a variable before a function's own name"
        ),
        pytest.param("run(function pay() { /*@*/ });", "a.js", "pay", id="a named callback"),
        pytest.param("class Cart { total() { /*@*/ } }", "a.js", "Cart.total", id="a method"),
        pytest.param("class Cart { static of() { /*@*/ } }", "a.js", "Cart.of", id="a static method"),
        pytest.param("class Cart { get size() { /*@*/ } }", "a.js", "Cart.size", id="a getter"),
        pytest.param("class Cart { #sum() { /*@*/ } }", "a.js", "Cart.#sum", id="a private method"),
        pytest.param("class Cart { constructor() { /*@*/ } }", "a.js", "new Cart", id="a constructor"),
        pytest.param("class Cart { onPay = () => { /*@*/ }; }", "a.js", "Cart.onPay", id="an arrow in a field"),
        pytest.param(
            "class Cart { onPay = (): void => { /*@*/ }; }", "a.ts", "Cart.onPay", id="the same in TypeScript"
        ),
        pytest.param(
            "const Cart = class Basket { total() { /*@*/ } };", "a.js", "Cart.total", id="a class in a variable"
        ),
        pytest.param("const shop = { pay() { /*@*/ } };", "a.js", "shop.pay", id="a method of an object"),
        pytest.param("const shop = { pay: () => { /*@*/ } };", "a.js", "shop.pay", id="a function in an object"),
        pytest.param(
            "const shop = { till: { pay() { /*@*/ } } };", "a.js", "shop.till.pay", id="an object in an object"
        ),
        pytest.param("run({ pay() { /*@*/ } });", "a.js", "pay", id="an object that is passed on"),
        pytest.param("Shop.prototype.pay = function () { /*@*/ };", "a.js", "Shop.pay", id="a prototype"),
        pytest.param("module.exports.pay = () => { /*@*/ };", "a.js", "pay", id="an export of CommonJS"),
        pytest.param("window.shop = { pay() { /*@*/ } };", "a.js", "shop.pay", id="a global"),
        pytest.param("export default function () { /*@*/ }", "a.js", "default", id="a default export"),
        pytest.param("export default { pay() { /*@*/ } };", "a.js", "pay", id="an object as default export"),
        pytest.param("function f({ pay = () => { /*@*/ } }) {}", "a.js", "pay", id="a default of a parameter"),
        pytest.param("const x = <a onClick={() => { /*@*/ }} />;", "a.jsx", "onClick", id="an attribute of JSX"),
        pytest.param("const pay = ((a: Card) => { /*@*/ }) as Pay;", "a.ts", "pay", id="a cast around"),
        pytest.param("rows.map((row) => { /*@*/ });", "a.js", "<anonymous> in module", id="a callback outside"),
        pytest.param(
            "class A { b() { c.map(() => { /*@*/ }); } }", "a.js", "<anonymous> in A.b", id="a callback inside"
        ),
        pytest.param(
            "function a() { x(() => y(() => { /*@*/ })); }", "a.js", "<anonymous> in a", id="a callback in one"
        ),
        pytest.param("function a() { b(function () {}); /*@*/ }", "a.js", "a", id="behind a function inside"),
        pytest.param("function a() {}\n/*@*/", "a.js", "", id="outside of all"),
        pytest.param("const é = '🛒🧾'; function ñ() { /*@*/ }", "a.js", "ñ", id="letters beyond ASCII before it"),
        pytest.param("// @flow\nfunction pay(card: ?Card): void { /*@*/ }", "a.js", "pay", id="types in JavaScript"),
        pytest.param("<p/>\n<script lang='ts'>\nconst pay = (a: A) => { /*@*/ }\n</script>", "A.vue", "pay", id="Vue"),
        pytest.param("<script>function pay() { /*@*/ }</script><p/>", "A.svelte", "pay", id="a component of Svelte"),
        pytest.param(
            "function pay() { /*@*/ }", "page.js [app-client] (ecmascript)", "pay", id="Turbopack's name of a module"
        ),
        pytest.param("function pay() { /*@*/ }", "webpack://shop/./a.js?3f2a", "pay", id="webpack's"),
        pytest.param("def pay():  /*@*/", "a.py", "", id="another language"),
        pytest.param("function pay( { /*@*/ ", "a.js", "", id="text that is no program"),
    ],
)
def test_a_call_is_in(text: str, url: str, name: str) -> None:
    assert _function_at(text, url) == name
