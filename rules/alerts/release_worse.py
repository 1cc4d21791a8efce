"""Release Worse: a new release, however little traffic it has yet, crashes or fails more than those before it.

A canary has too few sessions for a limit of its own. What tells is the difference to the other releases of the same
service over the last day: it must be larger than the threshold, and larger than chance makes it. Chance is the standard
error of a share of so many sessions, three times (a normal approximation of the binomial distribution).

New is a release that had no session a day ago, in a service that had some: an old release that few people still use,
or an installation that is younger than that, raises nothing.
"""

from __future__ import annotations

from errtally import names
from errtally.rules.boards import RELEASES
from errtally.rules.cases import NEAR
from errtally.rules.model import AlertRule, Case, Check, ExpectedAlert, Recording, Runbook
from errtally.rules.rule_settings import Defaults, RuleSettings
from errtally.rules.series import DEMO_LABELS, SCOPE, increase, number, record_name, selector, sum_by
from errtally.rules.texts import PERCENTAGE, percentage
from errtally.rules.timeline import timeline

_BY = f"{SCOPE}, release"
_DAY_SECONDS = 86_400
_STANDARD_ERRORS = 3
_OUTCOMES = {"crashes": names.CRASHED_SESSION_STATUSES, "errors": ("errored",)}
"""What is compared: the label `outcome` of the alert, and the statuses of sessions that count."""


def _sessions(status: str, window_seconds: int, settings: RuleSettings) -> Recording:
    matcher = f'status=~"{status}"' if "|" in status else f'status="{status}"'
    return Recording(
        record_name(names.SESSIONS, f"{status.replace('|', '_or_')}_increase", window_seconds),
        sum_by(names.SESSIONS, increase(names.SESSIONS, window_seconds, matcher), settings, _BY),
    )


def _started(settings: RuleSettings, window_seconds: int) -> Recording:
    return _sessions("started", window_seconds, settings)


def _others(record: str) -> str:
    """What the other releases of the service have over the last day."""
    return f"(sum by ({SCOPE}) ({record}) - on ({SCOPE}) group_right () {record})"


def _ratios(settings: RuleSettings, outcome: str) -> tuple[Recording, ...]:
    """The share of a release's sessions that ended so within the window, and that of the other releases of a day."""
    window, status = settings.window_seconds, "|".join(_OUTCOMES[outcome])
    started, started_day = _started(settings, window), _started(settings, _DAY_SECONDS)
    ended, ended_day = _sessions(status, window, settings), _sessions(status, _DAY_SECONDS, settings)
    others = f"({_others(started_day.record)} > 0)"
    return (
        ended,
        ended_day,
        Recording(f"{ended.record}:ratio", f"{ended.record} / ({started.record} > 0)"),
        Recording(
            f"{ended_day.record}:others_ratio",
            # A release without one such session has no series of them: it is part of the others with 0.
            f"(\n  {_others(f'({ended_day.record} or 0 * {started_day.record})')}\n)\n/ {others}",
        ),
    )


def _recordings(settings: RuleSettings) -> tuple[Recording, ...]:
    started = (_started(settings, settings.window_seconds), _started(settings, _DAY_SECONDS))
    return (*started, *(one for outcome in _OUTCOMES for one in _ratios(settings, outcome)))


def _worse(settings: RuleSettings, outcome: str) -> str:
    *_, own, others = (one.record for one in _ratios(settings, outcome))
    started = _started(settings, settings.window_seconds).record
    chance = f"sqrt({others} * (1 - {others}) / ({started} > 0))"
    return (
        f"label_replace(\n    {own}\n    and {own} - {others} > {number(settings.threshold)}\n"
        f'    and {own} - {others} > {_STANDARD_ERRORS} * {chance},\n    "outcome", "{outcome}", "", ""\n  )'
    )


def _expr(settings: RuleSettings) -> str:
    started = _started(settings, settings.window_seconds).record
    enough = f"\nand on ({_BY}) {started} >= {number(settings.minimum)}" if settings.minimum else ""
    worse = "\n  or\n  ".join(_worse(settings, outcome) for outcome in _OUTCOMES)
    return (
        f"(\n  {worse}\n){enough}"
        f"\nunless on ({_BY}) {started} offset 1d"
        f"\nand on ({SCOPE}) (sum by ({SCOPE}) ({started} offset 1d) > 0)"
    )


def _cases(settings: RuleSettings) -> tuple[Case, ...]:
    step, window, threshold = settings.step_seconds, settings.window_seconds, settings.threshold
    old, new = ({**DEMO_LABELS, "release": f"shop@{number_}"} for number_ in (1, 2))
    lead, steps = _DAY_SECONDS * 5 // 4 // step, settings.settled_steps
    least = settings.minimum * step / window or 1.0

    def sent(labels: dict[str, str], started: float, ended: dict[str, float]) -> dict[str, float]:
        return {
            selector(names.SESSIONS, **labels, status="started"): started,
            **{
                selector(names.SESSIONS, **labels, status=status): started * ended.get(status, 0.0)
                for status in ("crashed", "errored")
            },
        }

    def case(
        name: str, ended: dict[str, float], *firing: ExpectedAlert, traffic: float = 100, before: float = 0.0
    ) -> Case:
        was = sent(old, 1000 * least, {"crashed": before, "errored": before})
        # A release's first series comes with its first session: here at 0, as the exporter shows it.
        is_ = {**was, **sent(new, traffic * least, ended)}
        return Case(name, timeline((was, lead), (is_, steps)), (Check((lead + steps) * step, firing),))

    def told(ratio: float, outcome: str = "crashes") -> ExpectedAlert:
        return ExpectedAlert({**new, "outcome": outcome}, percentage(ratio))

    steady = {**sent(old, 1000 * least, {}), **sent(new, 100 * least, {"crashed": 0.5})}
    near, far = threshold * (1 + NEAR), threshold * (1 - NEAR)
    return (
        case("fires for a release that crashes", {"crashed": 0.5}, told(0.5)),
        case("fires for a release whose sessions meet errors", {"errored": 0.5}, told(0.5, "errors")),
        case("fires just above the threshold", {"crashed": near}, told(near)),
        case("is silent just below the threshold", {"crashed": far}),
        case("fires just above the minimum", {"crashed": 0.5}, told(0.5), traffic=1 + NEAR),
        case("is silent just below the minimum", {"crashed": 0.5}, traffic=1 - NEAR),
        case("is silent for a release like the one before", {"crashed": 0.3, "errored": 0.3}, before=0.3),
        # Of 21 sessions 30 % fail, of the release before 20 %: so it comes out often by chance alone.
        case("is silent for what chance makes", {"crashed": 0.3}, traffic=1 + NEAR, before=0.2),
        Case("is silent for an old release", timeline((steady, lead + steps)), (Check((lead + steps) * step),)),
        Case(
            "is silent for the first release",
            timeline((sent(new, 100 * least, {"crashed": 0.5}), steps)),
            (Check(steps * step),),
        ),
        Case("is silent when the metrics are absent", {}, (Check(steps * step),)),
    )


RELEASE_WORSE = AlertRule(
    name="ReleaseWorse",
    title="Release Worse Than Before",
    defaults=Defaults(
        severity="warning", channels=("slack",), threshold=0.05, window_seconds=3600, minimum=20, has_cooldown=True
    ),
    labels=(*names.BASE_LABELS, "release", "outcome"),
    board=RELEASES,
    step_seconds=300,
    summary="{value} of the sessions of the new release {release} ({project}, {environment}) end with {outcome}",
    description=(
        "{value} of the sessions of {release} of {project} in {environment} ended with {outcome} over {window}: more"
        " than {threshold} above what the other releases had over the last day."
    ),
    value=PERCENTAGE,
    threshold_text=lambda points: f"{points * 100:.4g} points",
    minimum_of="sessions of the release in the window",
    recordings=_recordings,
    expr=_expr,
    cases=_cases,
    problem=lambda settings: (
        "" if settings.threshold < 1 else "the threshold is a difference of shares and must be below 1"
    ),
    runbook=Runbook(
        meaning=(
            "A release that did not run a day ago has a larger share of sessions with crashes (`crashed`, `unhandled`)"
            " or with errors (`errored`) than the other releases of the service had over the last day. The difference"
            " is above the threshold, and above three standard errors of a share of so few sessions."
        ),
        impact="Few users meet it yet. Everybody will, when the release is rolled out.",
        diagnosis=(
            "1. The dashboard of releases: both releases side by side.\n"
            "2. `errtally`'s list of issues with the query `first_release:RELEASE`: what came with it?\n"
            "3. Is the release run by other users than the rest (a region, a beta)? Then compare within them."
        ),
        mitigation=(
            "- Stop the rollout, or take the release back.\n"
            "- Fix what is new in it, and watch the next release the same way."
        ),
    ),
)
