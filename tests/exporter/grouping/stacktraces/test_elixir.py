"""Stack traces of Elixir."""

# ruff: noqa: E501 (a case of a table is one line)

import pytest
from tests.exporter.grouping.stacktraces.reading import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "12:00:00.000 [error] Task #PID<0.1.0> started\n** (Shop.PriceError) no\n    (shop 1.2.0) lib/shop.ex:3: Shop.price/2\n"
            '    (elixir 1.14.0) lib/enum.ex:9: Enum."-map/2-lists^map/1-0-"/2\n    (shop 1.2.0) odd\nFunction: x\n',
            [
                (
                    "PriceError",
                    "no",
                    [
                        ("price/2", "Shop", "lib/shop.ex", 3),
                        ('"-map/2-lists^map/1-0-"/2', "Enum", "lib/enum.ex", 9),
                        ("odd", None, None, None),
                    ],
                )
            ],
            id="a module before the type, a report after it",
        ),
    ],
)
def test_elixir(text, expected):
    assert read(text) == expected
