"""The circuit breaker against a model that keeps every call."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.recovery.faults import Failing, ResponseError

from errtally.errors import CircuitOpenError
from errtally.recovery import BreakerSettings, CircuitBreaker, ErrorClass, Fallback, Recovery
from errtally.recovery.window import RollingWindow


class Model(RuleBasedStateMachine):
    """The states as the requirements tell them, with a list of all calls instead of buckets."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = CircuitBreaker("x", clock=lambda: self.now)
        self.state = "closed"
        self.calls: list[tuple[float, bool]] = []
        self.opened_at = 0.0
        self.trial_at: float | None = None
        self.period = 0
        self.permits: list[tuple[object, int, bool]] = []

    @rule(seconds=st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0, 9.0, 30.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def enter(self) -> None:
        if self.state == "open" and self.now - self.opened_at >= 30:
            self._become("half_open")
        allowed = self.state == "closed" or (
            self.state == "half_open" and (self.trial_at is None or self.now - self.trial_at >= 30)
        )
        if not allowed:
            with pytest.raises(CircuitOpenError):
                self.breaker.enter()
            return
        permit = self.breaker.enter()
        if self.state == "half_open":
            self.trial_at = self.now
        self.permits.append((permit, self.period, self.state == "half_open"))

    @rule(count=st.integers(5, 12), failed=st.booleans())
    def burst(self, count: int, failed: bool) -> None:  # noqa: FBT001
        for _ in range(count):
            before = len(self.permits)
            self.enter()
            if len(self.permits) > before:
                self._result(*self.permits.pop(), "bad" if failed else "good")

    @precondition(lambda self: self.permits)
    @rule(data=st.data(), outcome=st.sampled_from(["good", "bad", "bad", "cancelled"]))
    def leave(self, data, outcome: str) -> None:
        place = data.draw(st.integers(0, len(self.permits) - 1))
        self._result(*self.permits.pop(place), outcome)

    def _result(self, permit, period: int, is_trial: bool, outcome: str) -> None:  # noqa: FBT001
        if outcome == "cancelled":
            self.breaker.abandoned(permit)
            if is_trial and period == self.period:
                self.trial_at = None
            return
        if outcome == "good":
            self.breaker.succeeded(permit)
        else:
            self.breaker.failed(permit, ValueError())
        if period != self.period:
            return
        if is_trial:
            self._become("closed" if outcome == "good" else "open")
            return
        self.calls.append((self.now, outcome == "bad"))
        recent = [failed for at, failed in self.calls if int(at) > int(self.now) - 10]
        if outcome == "bad" and len(recent) >= 10 and sum(recent) * 2 >= len(recent):
            self._become("open")

    def _become(self, state: str) -> None:
        self.state = state
        self.period += 1
        self.trial_at = None
        if state == "open":
            self.opened_at = self.now
        if state == "closed":
            self.calls = []

    @invariant()
    def same_state(self) -> None:
        assert self.breaker.state == self.state


Model.TestCase.settings = hypothesis_settings(max_examples=200, stateful_step_count=60, deadline=None)
test_the_breaker_does_what_its_model_does = Model.TestCase


def _broken(**options) -> tuple[CircuitBreaker, list[float], list[str]]:
    now, states = [0.0], []
    breaker = CircuitBreaker("pay", BreakerSettings(**options), clock=lambda: now[0], on_change=states.append)
    return breaker, now, states


def _fail(breaker: CircuitBreaker, count: int = 1) -> None:
    for _ in range(count):
        breaker.failed(breaker.enter(), ValueError("down"))


def test_nine_failures_are_too_few_and_the_tenth_opens() -> None:
    breaker, _, states = _broken()
    _fail(breaker, 9)
    assert breaker.state == "closed"
    _fail(breaker)
    assert states == ["open"]


def test_half_of_the_calls_open_it_and_less_does_not() -> None:
    breaker, _, _ = _broken()
    for _ in range(11):
        breaker.succeeded(breaker.enter())
    _fail(breaker, 10)
    assert breaker.state == "closed"
    _fail(breaker)
    assert breaker.state == "open"


def test_failures_older_than_the_window_do_not_count() -> None:
    breaker, now, _ = _broken()
    _fail(breaker, 9)
    now[0] = 10.0
    _fail(breaker)
    assert breaker.state == "closed"


def test_one_trial_at_a_time_after_thirty_seconds() -> None:
    breaker, now, states = _broken()
    _fail(breaker, 10)
    now[0] = 29.9
    with pytest.raises(CircuitOpenError) as caught:
        breaker.enter()
    assert caught.value.retry_after_seconds == pytest.approx(0.1)
    now[0] = 30.0
    trial = breaker.enter()
    with pytest.raises(CircuitOpenError):
        breaker.enter()
    breaker.succeeded(trial)
    breaker.succeeded(breaker.enter())
    assert states == ["open", "half_open", "closed"]


def test_a_trial_that_fails_opens_it_for_another_thirty_seconds() -> None:
    breaker, now, states = _broken()
    _fail(breaker, 10)
    now[0] = 31.0
    _fail(breaker)
    now[0] = 60.0
    with pytest.raises(CircuitOpenError):
        breaker.enter()
    assert states == ["open", "half_open", "open"]


def test_as_many_trials_as_asked_for_must_succeed() -> None:
    breaker, now, states = _broken(trials=3)
    _fail(breaker, 10)
    now[0] = 30.0
    for _ in range(3):
        assert breaker.state != "closed"
        breaker.succeeded(breaker.enter())
    assert states == ["open", "half_open", "closed"]


def test_a_trial_that_never_reports_back_does_not_block_for_ever() -> None:
    breaker, now, _ = _broken()
    _fail(breaker, 10)
    now[0] = 30.0
    breaker.enter()
    now[0] = 60.0
    breaker.succeeded(breaker.enter())
    assert breaker.state == "closed"


def test_a_late_result_of_a_call_from_before_does_not_count() -> None:
    breaker, now, _ = _broken()
    late = breaker.enter()
    _fail(breaker, 10)
    now[0] = 30.0
    trial = breaker.enter()
    breaker.failed(late, ValueError())
    assert breaker.state == "half_open"
    breaker.succeeded(trial)
    assert breaker.state == "closed"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(ConnectionRefusedError(), "open", id="a network error speaks against the service"),
        pytest.param(ResponseError(503), "open", id="so does a 503"),
        pytest.param(ResponseError(404), "closed", id="a 404 says that it answers"),
        pytest.param(ValueError("bug"), "closed", id="a bug of the caller says nothing"),
        pytest.param(KeyboardInterrupt(), "closed", id="nor does an interrupt"),
    ],
)
@pytest.mark.parametrize("way", ["block", "call", "own breaker"])
def test_a_block_counts_what_a_call_counts(error: BaseException, expected: str, way: str) -> None:
    settings = BreakerSettings(minimum_calls=2)
    recovery = Recovery("pay", breaker=settings, observers=[], strategies={ErrorClass.NETWORK: Fallback()})
    breaker = CircuitBreaker("pay", settings) if way == "own breaker" else recovery.breaker
    assert breaker is not None

    def block() -> None:
        with breaker:
            raise error

    for _ in range(2):
        with pytest.raises(type(error)):
            recovery.call(Failing(error)) if way == "call" else block()
    assert breaker.state == expected


def test_blocks_ask_the_classifiers_of_their_recovery() -> None:
    classifiers = [lambda error: ErrorClass.EXTERNAL if isinstance(error, LookupError) else None]
    recovery = Recovery("pay", breaker=BreakerSettings(minimum_calls=1), observers=[], classifiers=classifiers)
    with pytest.raises(KeyError), recovery.breaker:
        raise KeyError
    assert recovery.breaker.state == "open"


def test_blocks_of_tasks_that_overlap_keep_their_own_permits() -> None:
    """The call from before the circuit opened ends while the trial is under way: only the trial's result counts."""
    breaker, now, states = _broken()

    async def call(begun: asyncio.Event, end: asyncio.Event, *, fails: bool) -> None:
        with breaker:
            begun.set()
            await end.wait()
            if fails:
                raise ConnectionRefusedError

    async def main() -> None:
        began, ends = [asyncio.Event() for _ in range(2)], [asyncio.Event() for _ in range(2)]
        late = asyncio.create_task(call(began[0], ends[0], fails=True))
        await began[0].wait()
        _fail(breaker, 10)
        now[0] = 30.0
        trial = asyncio.create_task(call(began[1], ends[1], fails=False))
        await began[1].wait()
        ends[0].set()
        with pytest.raises(ConnectionRefusedError):
            await late
        assert breaker.state == "half_open"
        ends[1].set()
        await trial

    asyncio.run(main())
    assert states == ["open", "half_open", "closed"]


def test_a_block_may_be_left_in_another_context_than_it_was_entered_in() -> None:
    """As FastAPI does with a dependency that yields."""
    breaker, now, states = _broken()
    _fail(breaker, 10)
    now[0] = 30.0
    contextvars.copy_context().run(breaker.__enter__)
    contextvars.copy_context().run(breaker.__exit__, None, None, None)
    assert states == ["open", "half_open", "closed"]


def test_many_threads_get_one_trial() -> None:
    breaker, now, _ = _broken()
    _fail(breaker, 10)
    now[0] = 30.0
    permits = []

    def ask() -> None:
        try:
            permits.append(breaker.enter())
        except CircuitOpenError:
            return

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(permits) == 1


@pytest.mark.parametrize(
    "wrong", [{"failure_ratio": 0}, {"failure_ratio": 1.1}, {"buckets": 0}, {"open_seconds": 0}, {"trials": 0}]
)
def test_settings_that_make_no_sense_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).partition("_")[0]):
        BreakerSettings(**wrong)


def test_the_window_forgets_one_bucket_at_a_time() -> None:
    window = RollingWindow(10, 10)
    for second in range(10):
        window.add(second + 0.5, failed=second % 2 == 0)
    assert window.counts(9.9) == (10, 5)
    assert window.counts(10.0) == (9, 4)
    assert window.counts(14.0) == (5, 2)
    assert window.counts(100.0) == (0, 0)
