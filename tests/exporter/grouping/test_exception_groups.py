"""An exception group of one is that exception; a group of several is its members. Whoever sent it.

The groups are real ones of Python. Each way sends them in its own form: the mechanism of Sentry's SDKs, a traceback in
a native event, a traceback in an OpenTelemetry record, and the project's own client through an exporter.
"""

from __future__ import annotations

import traceback

import pytest
from tests.client.receiver import Receiver, receiving
from tests.exporter.inprocess import InProcess
from tests.exporter.protocols.sending import deliver

import errtally
from errtally.exporter.grouping import fingerprint


def _reserve(count):
    raise LookupError(f"no stock of article {count}")


def _pay():
    raise PermissionError("card declined")


def _notify():
    raise TimeoutError("mail server did not answer")


def _caught(call, *arguments):
    try:
        call(*arguments)
    except (LookupError, OSError, ExceptionGroup) as error:
        return error


def _raised(error):
    def run():
        raise error

    return _caught(run)


def one():
    return _caught(_reserve, 7)


def group(*members, message="unhandled errors in a TaskGroup"):
    return _raised(ExceptionGroup(message, list(members)))


def _sentry_values(error, number, parent, source, found):
    """Note an exception as Sentry's SDKs do: numbered, each with the number of the one around it."""
    is_group = isinstance(error, BaseExceptionGroup)
    frames = [
        {"function": frame.name, "abs_path": frame.filename, "lineno": frame.lineno, "in_app": True}
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    mechanism = {"type": "chained" if parent is not None else "generic", "exception_id": number, "handled": False}
    if parent is not None:
        mechanism |= {"parent_id": parent, "source": source}
    if is_group:
        mechanism["is_exception_group"] = True
    value = error.message if is_group else str(error)
    found.append(
        {"type": type(error).__name__, "value": value, "mechanism": mechanism, "stacktrace": {"frames": frames}}
    )
    for at, member in enumerate(error.exceptions if is_group else ()):
        _sentry_values(member, len(found), number, f"exceptions[{at}]", found)
    return found


def sentry(error):
    values = _sentry_values(error, 0, None, "", [])[::-1]
    body = {"exception": {"values": values}, "platform": "python"}
    return fingerprint(deliver("/api/1/store/", body, query="sentry_key=k").events[0].event)


def native_text(error):
    sent = {"type": type(error).__name__, "message": str(error), "platform": "python"}
    body = {"events": [{**sent, "stack": "".join(traceback.format_exception(error))}]}
    return fingerprint(deliver("/api/events", body).events[0].event)


def otlp(error):
    attributes = {
        "exception.type": type(error).__name__,
        "exception.message": str(error),
        "exception.stacktrace": "".join(traceback.format_exception(error)),
    }
    record = {
        "severityNumber": 17,
        "attributes": [{"key": name, "value": {"stringValue": value}} for name, value in attributes.items()],
    }
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    submission = deliver("/v1/logs", body)
    (item,) = (item for part in (submission, *submission.others) for item in part.events)
    return fingerprint(item.event)


WAYS = [sentry, native_text, otlp]

SAME = [
    pytest.param(lambda: (group(one()), one()), id="a group of one is that exception"),
    pytest.param(lambda: (group(group(one())), one()), id="a group of a group of one, too"),
    pytest.param(
        lambda: (group(one(), _caught(_pay)), group(_caught(_pay), one())), id="the order of members plays no part"
    ),
    pytest.param(
        lambda: (group(one(), _caught(_pay)), group(one(), _caught(_pay), message="2 jobs failed")),
        id="nor does what the group says",
    ),
    pytest.param(
        lambda: (group(one(), _caught(_pay)), group(one(), _caught(_reserve, 9), _caught(_pay))),
        id="nor how often one member occurs, with another value in its message",
    ),
]
TWO = [
    pytest.param(lambda: (group(one()), group(_caught(_pay))), id="groups of one, of two exceptions"),
    pytest.param(
        lambda: (group(one(), _caught(_pay)), group(one(), _caught(_notify))), id="groups that differ in a member"
    ),
    pytest.param(lambda: (group(one(), _caught(_pay)), one()), id="a group of two and one of its members"),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", SAME)
def test_one_bug_is_one_issue(way, made):
    first, second = made()
    assert way(first).fingerprint == way(second).fingerprint


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", TWO)
def test_two_bugs_are_two_issues(way, made):
    first, second = made()
    assert way(first).fingerprint != way(second).fingerprint


@pytest.mark.parametrize("way", WAYS)
def test_a_group_of_several_is_titled_by_its_members(way):
    title = way(group(one(), _caught(_pay))).title
    assert "LookupError: no stock of article <num>" in title
    assert "PermissionError: card declined" in title


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(one, id="no group"),
        pytest.param(lambda: group(one()), id="a group of one"),
        pytest.param(lambda: group(one(), _caught(_pay)), id="a group of two"),
    ],
)
def test_each_way_gives_the_same_issue(made):
    assert len({way(made()).fingerprint for way in WAYS}) == 1


class Exporter(Receiver):
    """Takes what the client posts, and hands it on to an exporter in this process."""

    def __init__(self, folder):
        super().__init__()
        self.exporter = InProcess(folder)

    def take(self, path, headers, raw):
        answer = self.exporter.post(path, raw, {"Content-Encoding": headers.get("Content-Encoding", "")})
        return answer.status, {}, answer.body

    def titles(self):
        self.exporter.writer.step()
        return sorted(issue["title"] for issue in self.exporter.get("/api/issues").json()["issues"])


def test_the_client_through_an_exporter(tmp_path):
    receiver = Exporter(tmp_path)
    with receiving(receiver=receiver):
        errtally.init(receiver.url, "a-key", hooks=False)
        try:
            for error in (
                one(),
                group(one()),
                group(group(one())),
                group(one(), _caught(_pay)),
                group(_caught(_pay), one()),
            ):
                errtally.capture_exception(error)
            errtally.flush(10)
        finally:
            errtally.close()
    try:
        assert receiver.titles() == [
            "ExceptionGroup: LookupError: no stock of article <num>; PermissionError: card declined",
            "LookupError: no stock of article <num>",
        ]
    finally:
        receiver.exporter.close()
