"""Floors of accuracy on small data of our own, so that a change that groups worse shows."""

import json
import random
from collections import Counter
from pathlib import Path

from errtally.config.grouping import GroupingSettings
from errtally.event.model import Event, ExceptionInfo, Frame
from errtally.exporter.bench.grouping import measure
from errtally.exporter.commands.group import Issues
from errtally.exporter.grouping import identify

DATA = Path(__file__).parents[2] / "data" / "grouping"


def issues_of(events, settings=None):
    issues = Issues(settings or GroupingSettings())
    found = [identify(event) for event in events]
    for one in found:
        issues.add(one)
    return [issues.answer(one)["issue"] for one in found]


def accuracy(true, predicted):
    """Share of events whose group is, as a set, the true one."""
    overlap, sizes, predicted_sizes = Counter(zip(true, predicted, strict=True)), Counter(true), Counter(predicted)
    exact = [n for (label, key), n in overlap.items() if n == sizes[label] == predicted_sizes[key]]
    return sum(exact) / len(true)


def precision(true, predicted):
    """Share of the pairs put together that belong together."""
    together = sum(n * (n - 1) for n in Counter(zip(true, predicted, strict=True)).values())
    return together / sum(n * (n - 1) for n in Counter(predicted).values())


def raise_sites():
    data, chance = json.loads((DATA / "raise_sites.json").read_text(encoding="utf-8")), random.Random(7)
    true, events = [], []
    for _ in range(1200):
        site = chance.randrange(len(data["sites"]))
        kind, message = data["sites"][site]
        while "{}" in message:
            message = message.replace("{}", chance.choice(data["words"] + data["values"]), 1)
        true.append(site)
        events.append(Event(event_id="0" * 32, timestamp=0.0, type=kind, message=message))
    return true, events


def test_messages_of_one_raise_site_are_one_issue():
    true, events = raise_sites()
    predicted = issues_of(events)
    assert accuracy(true, predicted) >= 0.95
    assert precision(true, predicted) >= 0.999


def test_without_merges_words_that_vary_split_issues():
    true, events = raise_sites()
    stateless = issues_of(events, GroupingSettings(similarity=0, merge_varying_word=False))
    assert accuracy(true, stateless) < 0.5
    assert precision(true, stateless) == 1.0


def test_log_messages_that_look_alike_stay_apart():
    messages = json.loads((DATA / "log_messages.json").read_text(encoding="utf-8"))
    predicted = issues_of([Event(event_id="0" * 32, timestamp=0.0, message=message) for message in messages])
    assert len(set(predicted)) == len(messages)


def test_one_defect_is_one_issue_whatever_leads_to_it_and_two_in_one_function_are_two():
    defects = [
        ("PriceError", "no price for {}", "orders/price.py", "price"),
        ("PriceError", "price of {} is negative", "orders/price.py", "price"),
        ("PriceError", "no price for {}", "orders/quote.py", "quote"),
        ("KeyError", "'{}'", "orders/quote.py", "quote"),
        ("TimeoutError", "no answer within {} s", "billing/client.py", "charge"),
    ]
    callers, chance = ["cart", "api", "batch", "retry"], random.Random(3)
    true, events = [], []
    for number in range(200):
        label = number % len(defects)
        kind, message, path, function = defects[label]
        frames = [
            Frame(function=name, filename=f"{name}/main.py", lineno=chance.randrange(500), in_app=True)
            for name in chance.sample(callers, chance.randrange(1, 4))
        ]
        frames.append(Frame(function=function, filename=path, lineno=chance.randrange(500), in_app=True))
        true.append(label)
        value = chance.choice([str(number), f"sku_{number}", "shop.sku.Boots"]) if "{} s" not in message else number
        events.append(
            Event(
                event_id="0" * 32, timestamp=0.0, exceptions=[ExceptionInfo(kind, message.format(value), frames=frames)]
            )
        )
    predicted = issues_of(events)
    assert accuracy(true, predicted) == 1.0


def test_labelled_events_and_pairs_of_our_own():
    accuracy = measure(DATA / "labelled.jsonl", GroupingSettings())
    assert (accuracy.grouping_accuracy, accuracy.precision) == (1.0, 1.0)
    pairs = measure(DATA / "pairs.jsonl", GroupingSettings())
    assert (pairs.one_right, pairs.two_right) == (pairs.one, pairs.two)
