"""`errtally demo`: realistic traffic against a running exporter."""

from __future__ import annotations

import random
import time
from contextlib import suppress

import click
from rich.console import Console

from errtally.exporter.demo.happenings import BROKEN_FROM, FIXED_FROM, draw, fixed_set, release_at
from errtally.exporter.demo.messages import job_report, messages
from errtally.exporter.demo.progress import Progress, table
from errtally.exporter.demo.sender import DemoError, Sender
from errtally.exporter.demo.services import SERVICES

_REPORT_EVERY_SECONDS = 20.0
_SHORTEST_PAUSE_SECONDS = 0.002


@click.command()
@click.option("--url", default="http://127.0.0.1:9765", show_default=True, help="Address of the exporter.")
@click.option(
    "--key", default="demo", show_default=True, help="Key to send with; {project} in it stands for the project's name."
)
@click.option("--rate", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="Requests a second.")
@click.option("--duration", type=click.FloatRange(min=1.0), default=300.0, show_default=True, help="Seconds.")
@click.option("--once", is_flag=True, help="Send the fixed set of docs/demo.md and stop.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of everything that is chance.")
def command(*, url: str, key: str, rate: float, duration: float, once: bool, seed: int) -> None:
    """Send realistic traffic to a running exporter.

    Five services of a shop answer requests and fail now and then. After a third of the time a release of `checkout`
    breaks something, after two thirds comes its fix.
    """
    sender = Sender(url)
    rng = random.Random(seed)  # noqa: S311 (made-up traffic)
    console = Console()
    if once:
        _send_fixed_set(sender, rng, key)
        console.print(table(sender, "sent once"))
    else:
        plan = (
            f"Sending requests of a small shop to {url}, about {rate:g} a second for {duration:g} s; Ctrl-C ends it. "
            f"Look at {url.rstrip('/')}/"
        )
        with suppress(KeyboardInterrupt), Progress(console, sender, plan) as progress:
            _send_for(sender, rng, key, rate, duration, progress)
    if sender.rejected:
        refusals = "; ".join(
            f"{project}: {tally.last_refusal}" for project, tally in sender.tallies.items() if tally.last_refusal
        )
        raise DemoError(f"the exporter refused {sender.rejected} requests ({refusals})")


def _send_fixed_set(sender: Sender, rng: random.Random, key: str) -> None:
    now = time.time()
    for happening in fixed_set(rng, now):
        for message in messages(happening, key):
            sender.send(message)
    _send_reports(sender, now, key, None)


def _send_reports(sender: Sender, now: float, key: str, progress: float | None) -> None:
    for service in SERVICES:
        if service.protocol == "sentry":
            release = release_at(service, progress)
            is_broken = release == service.next_release
            sender.send(job_report(service.project, release, int(now) // 60, now, key, is_broken=is_broken))


def _send_for(sender: Sender, rng: random.Random, key: str, rate: float, duration: float, progress: Progress) -> None:
    """Send at random moments, ``rate`` a second on average, until the time is over."""
    started = time.monotonic()
    due = started
    next_report, stage = started, ""
    while (elapsed := time.monotonic() - started) < duration:
        # A release tells of itself as soon as it is out, however short the run is.
        before, stage = stage, _stage(elapsed / duration)
        if time.monotonic() >= next_report or stage != before:
            _send_reports(sender, time.time(), key, elapsed / duration)
            next_report = time.monotonic() + _REPORT_EVERY_SECONDS
        for message in messages(draw(rng, time.time(), elapsed / duration), key):
            sender.send(message)
        progress.show(stage)
        due += rng.expovariate(rate)
        time.sleep(max(_SHORTEST_PAUSE_SECONDS, min(due - time.monotonic(), duration)))


def _stage(progress: float) -> str:
    if progress < BROKEN_FROM:
        return "all as usual"
    return "checkout@1.9.0 is out, and broken" if progress < FIXED_FROM else "checkout@1.9.1 is out, with the fix"
