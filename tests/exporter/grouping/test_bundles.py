"""The hash in a bundle's name goes, whatever it looks like, and words stay."""

# ruff: noqa: E501 (a case of a table is one line)

import random
import string

import pytest

from errtally.exporter.grouping.bundles import is_hashed_folder, without_hash

LOWER = string.ascii_lowercase + string.digits
BASE64 = string.ascii_letters + string.digits + "-_"
HEX = string.digits + "abcdef"
SAMPLE = 4000


@pytest.mark.parametrize(
    ("prefix", "first", "alphabet", "length", "left"),
    [
        pytest.param("index-", BASE64, BASE64, 8, "index", id="Vite and Rollup"),
        pytest.param("orders.route-", BASE64, BASE64, 8, "orders.route", id="a route of Remix"),
        pytest.param("", BASE64, BASE64, 8, "", id="Nuxt, where the name is nothing else"),
        pytest.param("12.", BASE64, BASE64, 8, "12", id="a node of SvelteKit"),
        pytest.param("chunk-", string.ascii_uppercase + "234567", string.ascii_uppercase + "234567", 8, "chunk", id="esbuild and Angular"),
        pytest.param("main.", HEX, HEX, 8, "main", id="webpack and Parcel"),
        pytest.param("main.", HEX, HEX, 20, "main", id="webpack, whole"),
        pytest.param("application-", HEX, HEX, 64, "application", id="Sprockets"),
        pytest.param("", "01", LOWER + "-_~.", 13, "", id="Turbopack"),
        pytest.param("turbopack-", "01", LOWER + "-_~.", 13, "turbopack", id="Turbopack with a name"),
    ],
)  # fmt: skip
def test_random_hashes_go(prefix, first, alphabet, length, left):
    chance = random.Random(17)
    names = [prefix + chance.choice(first) + "".join(chance.choices(alphabet, k=length - 1)) for _ in range(SAMPLE)]
    stay = [name for name in names if without_hash(name) != left]
    assert len(stay) <= SAMPLE / 1000, stay


@pytest.mark.parametrize(
    "name",
    ["order-facade", "order-decade", "crypto-sha256sum", "user-settings", "UserForm", "userForm", "CheckoutPage", "main", "index",
     "polyfills", "vendors~main", "price-worker", "208.chunk", "my-order", "chart2", "es2015", "jquery.min", "react-dom.production.min",
     "date-fns", "Settings", "Products", "use-toast", "web-vitals", "service-worker", "formatDate", "README", "zod-resolvers", "i18next",
     "module12", "adminUsers", "not-found", "global-error", "base64-js", "http2-client", "LoginBtn", "httpDate", "LRUCache", "isInCode", "ToObject", "sdk-info",
     "did-you-mean", "version-from-tgz", "rekor-v2", "URL-impl", "isHidden", "Exemplar", "koa-body", "d3-chord", "html-e2e", "fetch-h2"],
)  # fmt: skip
def test_words_stay(name):
    assert without_hash(name) == name


@pytest.mark.parametrize("name", ["index-clovhn5-", "index-s_bcst-h", "index-__tasgbt", "index-ppym_8-a"])
def test_marks_of_two_kinds_or_at_an_end_are_a_hashs(name):
    assert without_hash(name) == "index"


def test_files_of_other_languages_keep_their_names():
    for name in ("__init__", "uv_utils", "__wrapt__", "nih_test", "qaas_sdk"):
        assert without_hash(name, is_script=False) == name
    assert without_hash("89d3d66ed43f_add_table", is_script=False) == "add_table"


def test_folders_of_builds():
    assert is_hashed_folder("JaIk_8togCRGpc2ky7Bti")
    assert is_hashed_folder("9f86d081884c")
    assert not any(map(is_hashed_folder, ("customerOrderServices", "orders", "defaced", "my_feature_module_abc")))
