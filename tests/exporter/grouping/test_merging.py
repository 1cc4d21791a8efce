"""What becomes one issue by its pattern, and what stays apart."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errtally.exporter.grouping import merging
from errtally.exporter.grouping.merging import SIMILAR, VARYING_WORD, Patterns

ERROR, LOG, PLACED = "ValueError\n\n", "\n\n", "ValueError\norders/price\nprice"
WORDS = ["alpha", "basket", "cobalt", "delta", "ember", "falcon", "garnet"]
SIMILAR_TO_IT = "customer <str>-eu is not allowed to approve returns"


def partition(scope, patterns, **keys):
    """Add patterns in order and return the groups that they end up in."""
    known = Patterns(**{"similarity": 0.85, "varying_word": True} | keys)
    group = {}
    for pattern in dict.fromkeys(patterns):
        group[pattern] = {pattern}
        join = known.add(pattern, scope, pattern)
        for other in join.known if join else ():
            merged = group[pattern] | group[other]
            group.update(dict.fromkeys(merged, merged))
    return {frozenset(members) for members in group.values()}


@pytest.mark.parametrize(("scope", "values"), [(ERROR, 8), (LOG, 5), (PLACED, 5)])
def test_a_word_with_so_many_values_is_a_value(scope, values):
    fewer = [f"plugin {word} could not be loaded" for word in WORDS[: values - 1]]
    assert len(partition(scope, fewer, similarity=0)) == values - 1
    assert len(partition(scope, [*fewer, "plugin yarrow could not be loaded"], similarity=0)) == 1


def test_a_quoted_name_that_is_all_of_the_message_may_vary_where_a_frame_decides():
    names = [f"'{word}'" for word in WORDS[:5]]
    assert len(partition("KeyError\norders/price\nprice", names)) == 1
    assert len(partition("KeyError\n\n", names)) == 5


def test_what_a_message_is_about_does_not_vary_for_one_masked_value():
    assert len(partition(ERROR, ["<str> must be a positive integer", "level must be a positive integer"])) == 2


@pytest.mark.parametrize(
    ("scope", "groups"),
    [
        pytest.param(ERROR, 1, id="an error's message joins where a value was masked"),
        pytest.param(LOG, 2, id="in a log message, a mask is one value of five"),
        pytest.param(PLACED, 2, id="so it is where a frame decides"),
    ],
)
def test_what_a_masked_value_is_worth(scope, groups):
    assert len(partition(scope, ["plugin <num> could not be loaded", "plugin alpha could not be loaded"])) == groups


@pytest.mark.parametrize(
    ("scope", "patterns"),
    [
        pytest.param(LOG, [f"{word} startup succeeded" for word in WORDS], id="two words do not make a log message"),
        pytest.param(ERROR, [f"bad {word}" for word in WORDS], id="one word does not make an error's message"),
        pytest.param(
            LOG,
            [
                f"upload of the report {word}"
                for word in ("failed", "refused", "timeout", "aborted", "denied", "closed")
            ],
            id="outcomes tell messages apart",
        ),
        pytest.param(LOG, [" ".join([word] * 50) for word in WORDS], id="too long to compare"),
        pytest.param("", [f"plugin {word} could not be loaded" for word in WORDS], id="no scope"),
        pytest.param(
            ERROR,
            ["token END_OBJECT was not expected here", "token START_ARRAY was not expected here"],
            id="constants tell errors apart",
        ),
        pytest.param(
            LOG, ["session of the export was opened", "session of the export was closed"], id="log messages alike"
        ),
        pytest.param(
            PLACED, ["session of the export was opened", "session of the export was closed"], id="alike in one place"
        ),
        pytest.param(
            ERROR, [f"list_{word} not implemented for this driver" for word in WORDS], id="what is not implemented"
        ),
        pytest.param(
            ERROR, [f"Empty value passed for parameter '{word}'" for word in WORDS], id="parameters of an interface"
        ),
        pytest.param(ERROR, ["coupon rule alpha is void", "coupon rule is void"], id="another number of words"),
    ],
)
def test_these_stay_apart(scope, patterns):
    assert len(partition(scope, patterns)) == len(patterns)


def test_another_type_or_place_is_another_scope():
    known = Patterns(similarity=0.85, varying_word=True)
    for index, word in enumerate(WORDS):
        assert known.add(f"{index}", f"Type{index}\n\n", f"plugin {word} could not be loaded at all") is None


def test_a_second_word_may_vary_in_messages_that_are_one():
    pairs = [f"no shelf {a} in warehouse {b}" for a in WORDS[:5] for b in WORDS[:5]]
    assert len(partition(LOG, pairs)) == 1
    assert len(partition(LOG, [*pairs, "no shelf quartz in warehouse onyx"])) == 1


@pytest.mark.parametrize(
    ("similarity", "joins"), [(0, False), (0.8, True), (0.85, True), (0.99, False)], ids=lambda value: f"{value}"
)
def test_similar_errors_join_from_the_threshold_on(similarity, joins):
    known = Patterns(similarity=similarity, varying_word=False)
    assert known.add("a", ERROR, "customer <str> is not allowed to approve returns") is None
    join = known.add("b", ERROR, SIMILAR_TO_IT)
    assert (join is not None) == joins
    if join:
        assert (join.reason, join.known) == (SIMILAR, ("a",))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("gtag is not defined", "plausible is not defined", id="names in a program"),
        pytest.param("permission denied for table orders", "permission denied for table users", id="tables"),
        pytest.param(
            "error when calling the GetObject operation", "error when calling the PutObject operation", id="calls"
        ),
        pytest.param("the <str> rule forbids this order", "the other rule forbids this order", id="a value and a word"),
    ],
)
def test_ordinary_words_make_no_likeness(one, other):
    assert len(partition(ERROR, [one, other], varying_word=False)) == 2


def test_likeness_does_not_add_up_along_a_chain():
    known = Patterns(similarity=0.95, varying_word=False)
    one, two, three = (
        f"the {name} rule of the shop forbids this order" for name in ("<str>", "<str>-b", "<str>-b-long-c")
    )
    assert known.add("1", ERROR, one) is None
    assert known.add("2", ERROR, two).known == ("1",)
    assert known.add("3", ERROR, three) is None


def test_a_join_names_what_was_known_oldest_first():
    known = Patterns(similarity=0, varying_word=True)
    joins = [known.add(word, LOG, f"plugin {word} could not be loaded") for word in WORDS]
    assert joins[:4] == [None] * 4
    assert (joins[4].reason, joins[4].known) == (VARYING_WORD, tuple(WORDS[:4]))
    assert joins[5].known == ("alpha",)


def test_beyond_the_limit_of_patterns_nothing_is_compared(monkeypatch):
    monkeypatch.setattr(merging, "MAX_PATTERNS", 4)
    assert len(partition(LOG, [f"plugin {word} could not be loaded" for word in WORDS])) == len(WORDS)


@given(st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_what_varies_by_word_is_the_same_in_any_order(chance: random.Random):
    patterns = [f"no shelf {a} in warehouse {b}" for a in WORDS for b in WORDS[:5]]
    patterns += [f"plugin {word} could not be loaded" for word in WORDS] + ["disk of the mail server is full"]
    expected = partition(LOG, patterns)
    chance.shuffle(patterns)
    assert partition(LOG, patterns) == expected


@given(st.lists(st.text(max_size=60), max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_text_is_taken(patterns):
    for scope in (ERROR, LOG, PLACED):
        partition(scope, patterns)


def test_the_work_for_one_does_not_grow_with_what_is_known():
    chance, known = random.Random(5), Patterns(similarity=0.85, varying_word=True)
    letters = "abcdefghijklmnopqrstuvwxyz"
    spent = []
    for block in range(4):
        started = time.process_time()
        for index in range(1000):
            words = " ".join("".join(chance.choices(letters, k=7)) for _ in range(3))
            known.add(f"{block}-{index}", ERROR, f"could not open the file of {words}")
        spent.append(time.process_time() - started)
    assert spent[3] < 10 * spent[0] + 0.5
