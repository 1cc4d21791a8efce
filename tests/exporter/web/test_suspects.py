"""Commits that may have brought an issue."""

from __future__ import annotations

from typing import Any

import pytest

from errtally.exporter.web.suspects import MAX_SUSPECTS, suspects


def frame(path: str, **more: Any) -> dict[str, Any]:
    return {"filename": path.rpartition("/")[2], "abs_path": path, "in_app": True, **more}


def commit(id_: str, *paths: str) -> dict[str, Any]:
    return {"id": id_, "author": "Ann", "message": "Mend", "repository": "", "at": None, "paths": list(paths)}


def found(frames: list[dict[str, Any]], *commits: dict[str, Any]) -> list[str]:
    return [one.commit["id"] for one in suspects({"exceptions": [{"type": "E", "frames": frames}]}, commits)]


@pytest.mark.parametrize(
    ("frames", "paths", "is_suspect"),
    [
        pytest.param([frame("/srv/app/shop/views.py")], ["shop/views.py"], True, id="below a folder of the host"),
        pytest.param([frame("/app/shop/views.py")], ["src/shop/views.py"], True, id="a folder the image lacks"),
        pytest.param([frame("/app/shop/views.py")], ["blog/views.py"], False, id="a file of the same name elsewhere"),
        pytest.param([frame("C:\\app\\shop\\Cart.cs")], ["shop/Cart.cs"], True, id="Windows"),
        pytest.param([frame("/app/main.go")], ["main.go"], True, id="a file at the root of the repository"),
        pytest.param(
            [{"filename": "Cart.java", "module": "com.shop.Cart", "in_app": True}],
            ["app/src/main/java/com/shop/Cart.java"],
            True,
            id="Java, whose frames have no folder",
        ),
        pytest.param(
            [frame("webpack://storefront/./src/cart.ts")], ["src/cart.ts"], True, id="a source that a map named"
        ),
        pytest.param(
            [frame("/app/shop/views.py"), frame("/usr/lib/python3/json/decoder.py", in_app=False)],
            ["json/decoder.py"],
            False,
            id="a library's call, which is not the application's",
        ),
        pytest.param([], ["shop/views.py"], False, id="no stack"),
        pytest.param([frame("/app/shop/views.py")], [], False, id="a commit without paths"),
        pytest.param([{"filename": 7, "abs_path": ["x"]}], ["x"], False, id="frames of other types"),
    ],
)
def test_a_commit_is_suspect_when_it_changed_a_file_of_the_stack(
    *, frames: list[dict[str, Any]], paths: list[str], is_suspect: bool
) -> None:
    assert found(frames, commit("a1", *paths)) == (["a1"] if is_suspect else [])


def test_what_changed_the_file_nearest_to_the_failure_comes_first_then_the_newest() -> None:
    frames = [frame("/app/shop/main.py"), frame("/app/shop/pay.py")]  # oldest call first
    commits = [commit("newest", "shop/main.py"), commit("middle", "shop/pay.py"), commit("oldest", "shop/pay.py")]
    assert found(frames, *commits) == ["middle", "oldest", "newest"]


def test_no_more_are_named_than_somebody_reads() -> None:
    assert len(found([frame("/app/a/b.py")], *(commit(str(n), "a/b.py") for n in range(9)))) == MAX_SUSPECTS
