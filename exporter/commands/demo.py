"""`errtally demo`: realistic traffic against a running exporter."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from pathlib import Path

import click
from rich.console import Console

from errtally.config.secret import read_secret
from errtally.exporter.demo.happenings import draw, fixed_set
from errtally.exporter.demo.messages import job_report, messages
from errtally.exporter.demo.progress import Progress, table
from errtally.exporter.demo.recovery import CALLED, recovery_report
from errtally.exporter.demo.sender import DemoError, Sender
from errtally.exporter.demo.services import SERVICES, TELLS_THE_STORY
from errtally.exporter.demo.story import USUAL, Stage, stage_at
from errtally.exporter.demo.team import Team

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
# The token itself is no option to write: others see a command's arguments.
@click.option("--token", envvar="ERRTALLY_TOKEN", hidden=True, default="")
@click.option(
    "--token-file",
    envvar="ERRTALLY_TOKEN_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file with a token for deploys and decisions, where a login is asked for.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of everything that is chance.")
def command(
    *, url: str, key: str, rate: float, duration: float, once: bool, token: str, token_file: Path | None, seed: int
) -> None:
    """Send realistic traffic to a running exporter.

    Five services of a shop answer requests and fail now and then. After a third of the time a release of `checkout`
    breaks something. It is rolled back, and comes again with its fix.
    """
    sender = Sender(url)
    team = Team(url, sender.session, read_secret(token_file) if token_file is not None else token)
    rng = random.Random(seed)  # noqa: S311 (made-up traffic)
    console = Console()
    page = f"{url.rstrip('/')}/"
    if once:
        _send_fixed_set(sender, rng, key)
        console.print(table(sender, "sent once"))
    else:
        plan = (
            f"Sending requests of a small shop to {url}, about {rate:g} a second for {duration:g} s; Ctrl-C ends it. "
            f"Look at {page}"
        )
        with suppress(KeyboardInterrupt), Progress(console, sender, plan) as progress:
            _send_for(team, sender, rng, key, progress, rate=rate, duration=duration)
        if team.refused:
            console.print("Deploys and resolved issues are missing: the exporter asks for a login, see --token-file.")
    if sender.rejected:
        refusals = "; ".join(
            f"{project}: {tally.last_refusal}" for project, tally in sender.tallies.items() if tally.last_refusal
        )
        raise DemoError(f"the exporter refused {sender.rejected} requests ({refusals})")
    console.print(f"Look at {page}", highlight=False, soft_wrap=True)


def _send_fixed_set(sender: Sender, rng: random.Random, key: str) -> None:
    now = time.time()
    for happening in fixed_set(rng, now):
        for message in messages(happening, key):
            sender.send(message)
    _send_reports(sender, now, key, USUAL, is_first=True)


def _send_reports(sender: Sender, now: float, key: str, stage: Stage, *, is_first: bool) -> None:
    for service in SERVICES:
        if service.protocol == "sentry":
            release = stage.release(service)
            is_broken = release == service.next_release
            sender.send(job_report(service.project, release, int(now) // 60, now, key, is_broken=is_broken))
        if service.project in CALLED:
            sender.send(recovery_report(service, stage, int(now), key, is_first=is_first))


def _send_for(
    team: Team, sender: Sender, rng: random.Random, key: str, progress: Progress, *, rate: float, duration: float
) -> None:
    """Send at random moments, ``rate`` a second on average, until the time is over."""
    started = time.monotonic()
    due = started
    next_report, before = started, None
    while (elapsed := time.monotonic() - started) < duration:
        stage = stage_at(elapsed / duration)
        # A release tells of itself as soon as it is out, however short the run is.
        if time.monotonic() >= next_report or stage is not before:
            _send_reports(sender, time.time(), key, stage, is_first=stage is not before)
            next_report = time.monotonic() + _REPORT_EVERY_SECONDS
        if stage is not before:
            team.act(TELLS_THE_STORY, stage)
            before = stage
        for message in messages(draw(rng, time.time(), stage), key):
            sender.send(message)
        progress.show(stage.title(TELLS_THE_STORY))
        due += rng.expovariate(rate)
        time.sleep(max(_SHORTEST_PAUSE_SECONDS, min(due - time.monotonic(), duration)))
