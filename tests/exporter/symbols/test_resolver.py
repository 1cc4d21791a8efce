"""A frame finds the file that was uploaded for it, by debug id or by release and address, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.exporter.symbols import made

from errtally.event.model import Frame
from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.symbols import images
from errtally.exporter.symbols.located import Origin
from errtally.exporter.symbols.resolver import Resolver
from errtally.exporter.symbols.trace import Trace

if TYPE_CHECKING:
    from pathlib import Path


TOTAL = [("<anonymous> in Cart.total", 7), ("Cart.total", 7), ("shop.pay", 13)]


def _frame(url: str = f"{made.PAGE}/app.js", at: int = 0) -> Frame:
    return Frame(function="t", filename=url, lineno=1, colno=made.THROWS[at])


def _trace(resolver: Resolver, origin: Origin | None = None, **scripts: str) -> Trace:
    sent = {"images": [{"type": "sourcemap", "code_file": file, "debug_id": id_} for id_, file in scripts.items()]}
    return Trace(resolver, origin or Origin("web", "shop@1", ""), images.read(sent))


def _calls(resolver: Resolver, frame: Frame, origin: Origin | None = None) -> list[Any]:
    assert resolver.serves("web")
    _trace(resolver, origin).calls(frame)
    made.make(resolver)
    return list(_trace(resolver, origin).calls(frame))


def test_the_calls_of_a_script_read_as_in_the_source(tmp_path: Path) -> None:
    resolver = Resolver(Archive(tmp_path))
    made.upload(resolver.archive)
    found = [_calls(resolver, _frame(at=at))[0] for at in range(3)]
    assert [(one.function, one.lineno) for one in found] == TOTAL
    assert {one.filename for one in found} == {"src/cart.ts"}
    assert found[0].context_line == made.CART.split("\n")[6]
    assert found[0].sent.colno == made.THROWS[0]


@pytest.mark.parametrize(
    ("uploaded", "sent"),
    [
        pytest.param("~/app.js", "https://shop.example/app.js", id="scheme and host"),
        pytest.param(
            "~/app.js", "https://cdn.example:8443/app.js?v=3#top", id="another host, with a query and a fragment"
        ),
        pytest.param("https://cdn.example/app.js", "https://cdn.example/app.js?v=3", id="the whole address"),
        pytest.param("~/index.android.bundle", "app:///index.android.bundle", id="React Native"),
        pytest.param("~/dist/server.js", "/srv/shop/dist/server.js", id="the end of a path on a server"),
        pytest.param("~/server.js", "file:///srv/shop/server.js", id="a file's address, as Node writes it for modules"),
        pytest.param("/srv/shop/server.js", "/srv/shop/server.js", id="the whole path"),
        pytest.param(
            "https://*.example/app.js", "https://cdn.example/app.js", id="a star, as Bugsnag's uploads have it"
        ),
        pytest.param("~/a b.js", "https://shop.example/a%20b.js", id="a space"),
    ],
)
def test_an_address_leads_to_the_upload(tmp_path: Path, uploaded: str, sent: str) -> None:
    resolver = Resolver(Archive(tmp_path))
    made.upload(resolver.archive, url=uploaded)
    assert [call.function for call in _calls(resolver, _frame(sent))] == [TOTAL[0][0]]


@pytest.mark.parametrize(
    ("map_url", "kept_as"),
    [
        pytest.param("", "~/js/app.js.map", id="nothing said: beside the script"),
        pytest.param("app.js.map", "~/js/app.js.map", id="relative"),
        pytest.param("../maps/app.map", "~/maps/app.map", id="in another folder"),
        pytest.param("https://maps.example/app.map", "~/app.map", id="an address"),
    ],
)
def test_a_script_says_where_its_map_is(tmp_path: Path, map_url: str, kept_as: str) -> None:
    resolver = Resolver(Archive(tmp_path))
    made.upload(resolver.archive, url="~/js/app.js", map_url=map_url)
    found = resolver.archive.of_release("web", "shop@1")
    resolver.archive.remove_release("web", "shop@1")
    resolver.archive.add([one if one.kind != "source_map" else made.moved(one, kept_as) for one in found])
    assert _calls(resolver, _frame("https://shop.example/js/app.js"))


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param(Origin("web", "shop@2", ""), id="another release"),
        pytest.param(Origin("web", "", ""), id="no release"),
        pytest.param(Origin("app", "shop@1", ""), id="another project"),
    ],
)
def test_an_upload_serves_its_own_release_only(tmp_path: Path, origin: Origin) -> None:
    resolver = Resolver(Archive(tmp_path))
    made.upload(resolver.archive)
    assert _calls(resolver, _frame(), origin) == []


@pytest.mark.parametrize(
    ("uploaded", "sent", "is_found"),
    [("", "", True), ("", "7", True), ("7", "7", True), ("7", "8", False), ("7", "", False)],
)
def test_a_distribution_has_its_own_files_and_those_of_none(
    tmp_path: Path, uploaded: str, sent: str, *, is_found: bool
) -> None:
    resolver = Resolver(Archive(tmp_path))
    made.upload(resolver.archive, dist=uploaded)
    assert bool(_calls(resolver, _frame(), Origin("web", "shop@1", sent))) is is_found


def test_a_debug_id_finds_its_map_whatever_release_and_address(tmp_path: Path) -> None:
    resolver = Resolver(Archive(tmp_path))
    made.upload(resolver.archive, url="~/0f3c8a52-0.js", debug_id=made.DEBUG_ID, release="")
    assert resolver.serves("web")
    origin, url = Origin("web", "unknown", ""), f"{made.PAGE}/app.js"
    for _ in range(2):
        trace = _trace(resolver, origin, **{made.DEBUG_ID: url})
        calls = trace.calls(_frame(url))
        made.make(resolver)
    assert [call.function for call in calls] == [TOTAL[0][0]]


def test_a_map_that_names_another_debug_id_is_not_used(tmp_path: Path) -> None:
    resolver = Resolver(Archive(tmp_path))
    other = {**made.source_map(), "debugId": "11111111-1f5c-4c0e-9d1f-7a2b3c4d5e6f"}
    made.upload(resolver.archive, found=other, debug_id=made.DEBUG_ID)
    url = f"{made.PAGE}/app.js"
    for _ in range(2):
        trace = _trace(resolver, **{made.DEBUG_ID: url})
        assert trace.calls(_frame(url)) == ()
        made.make(resolver)
    assert trace.outcomes == {"wrong_build": 1}


@pytest.mark.parametrize(
    ("frame", "outcome"),
    [
        pytest.param(Frame(filename=f"{made.PAGE}/app.js", lineno=1), "no_column", id="no column"),
        pytest.param(
            Frame(filename=f"{made.PAGE}/app.js", lineno=2, colno=1), "no_position", id="a line behind the last"
        ),
        pytest.param(Frame(filename=f"{made.PAGE}/other.js", lineno=1, colno=9), "not_uploaded", id="another script"),
        pytest.param(Frame(filename="<anonymous>"), None, id="the engine's own"),
        pytest.param(Frame(filename=f"{made.PAGE}/?page=2", lineno=1, colno=9), None, id="the page itself"),
        pytest.param(Frame(filename="blob:https://shop.example/3f2a", lineno=1, colno=9), None, id="a blob"),
        pytest.param(Frame(filename="shop/views.py", lineno=1), None, id="another language"),
    ],
)
def test_a_frame_that_nothing_tells_of_stays_as_it_is(tmp_path: Path, frame: Frame, outcome: str | None) -> None:
    resolver = Resolver(Archive(tmp_path))
    made.upload(resolver.archive)
    assert _calls(resolver, frame) == []
    trace = _trace(resolver)
    trace.calls(frame)
    assert dict(trace.outcomes) == ({outcome: 1} if outcome else {})


def test_what_is_uploaded_later_is_found_though_it_was_missed(tmp_path: Path) -> None:
    resolver = Resolver(Archive(tmp_path))
    made.upload(resolver.archive, url="~/other.js")
    assert _calls(resolver, _frame()) == []
    made.upload(resolver.archive)
    resolver._looked = 0.0
    assert _calls(resolver, _frame())


def test_a_map_without_sources_names_functions_by_its_names_and_gives_no_line(tmp_path: Path) -> None:
    resolver = Resolver(Archive(tmp_path))
    found = made.source_map()
    del found["sourcesContent"]
    made.upload(resolver.archive, found=found)
    calls = [_calls(resolver, _frame(at=at))[0] for at in range(3)]
    assert [(one.function, one.lineno) for one in calls] == TOTAL
    assert {one.context_line for one in calls} == {None}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("../../../src/cart.ts", "src/cart.ts"),
        ("webpack://shop/./src/cart.ts?3f2a", "src/cart.ts"),
        ("webpack:///./src/cart.ts", "src/cart.ts"),
        ("turbopack:///[project]/shop/cart.ts", "shop/cart.ts"),
        ("app:///src/cart.ts", "src/cart.ts"),
        ("/srv/shop/src/cart.ts", "/srv/shop/src/cart.ts"),
        ("https://src.example/shop/cart.ts", "https://src.example/shop/cart.ts"),
        ("node_modules/react/index.js", "node_modules/react/index.js"),
    ],
)
def test_a_source_is_shown_as_people_name_it(tmp_path: Path, url: str, shown: str) -> None:
    resolver = Resolver(Archive(tmp_path))
    made.upload(resolver.archive, found=made.source_map(url=url))
    assert _calls(resolver, _frame())[0].filename == shown


@pytest.mark.parametrize(
    ("more", "url"),
    [
        pytest.param({"ignoreList": [0]}, "src/cart.ts", id="the map says so"),
        pytest.param({"x_google_ignoreList": [0]}, "src/cart.ts", id="by the older name"),
        pytest.param({}, "../node_modules/cart/index.js", id="it lies in node_modules"),
        pytest.param({}, "webpack://shop/webpack/bootstrap", id="webpack's own"),
        pytest.param({}, "\0vite/preload-helper.js", id="Vite's own"),
        pytest.param({}, "turbopack:///[turbopack]/runtime.ts", id="Turbopack's own"),
    ],
)
def test_a_library_of_a_bundle_is_not_the_application(tmp_path: Path, more: dict[str, Any], url: str) -> None:
    resolver = Resolver(Archive(tmp_path))
    made.upload(resolver.archive, found=made.source_map(url=url, **more))
    assert _calls(resolver, _frame())[0].in_app is False
