"""Whole processes: normal and abnormal ends, forks, threads, event loops, other runtimes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from tests.client.programs import SOURCES, run_program
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.client.receiver import Receiver


def test_an_uncaught_exception_is_fatal_and_still_printed(receiver: Receiver) -> None:
    shown = run_program("import errtally\nerrtally.init()\nraise ValueError('the end')", receiver.url, 1)
    assert "ValueError: the end" in shown
    (event,) = receiver.events()
    assert (event["level"], event["type"], event["message"]) == ("fatal", "ValueError", "the end")
    assert event["context"]["tags"] == {"handled": "no", "mechanism": "excepthook"}


def test_ctrl_c_and_exit_are_no_errors(receiver: Receiver) -> None:
    run_program("import errtally, sys\nerrtally.init()\nsys.exit(3)", receiver.url, 3)
    assert receiver.events() == []


def test_no_event_is_lost_on_a_normal_exit(receiver: Receiver) -> None:
    run_program("import errtally\nerrtally.init()\nfor n in range(500): errtally.capture_message(str(n))", receiver.url)
    assert [event["message"] for event in receiver.events()] == [str(number) for number in range(500)]


def test_the_end_of_a_process_waits_no_longer_than_allowed(receiver: Receiver) -> None:
    receiver.delay_seconds = 20
    run_program("import errtally\nerrtally.init(shutdown_seconds=0.5)\nerrtally.capture_message('x')", receiver.url)


def test_what_could_not_be_sent_before_the_end_is_said() -> None:
    program = "import errtally\nerrtally.init()\nfor n in range(7): errtally.capture_message(str(n))"
    said = run_program(program, "http://127.0.0.1:9")
    assert "errtally: 7 events and timings were not sent before the end: " in said
    assert "refused" in said


def test_an_exception_that_ends_a_thread_is_reported(receiver: Receiver) -> None:
    run_program(
        """
        import errtally, threading
        errtally.init()
        thread = threading.Thread(target=lambda: 1 / 0, name="worker-7")
        thread.start()
        thread.join()
        """,
        receiver.url,
    )
    (event,) = receiver.events()
    assert event["level"] == "fatal"
    assert event["context"]["tags"]["thread"] == "worker-7"


def test_a_task_that_nobody_awaits_is_reported_and_scopes_of_tasks_are_apart(receiver: Receiver) -> None:
    run_program(
        """
        import asyncio, errtally, gc
        from errtally.client.integrations import event_loop
        errtally.init()

        async def work(number):
            errtally.set_tag("number", number)
            await asyncio.sleep(0.01)
            errtally.capture_message(f"work {number}")

        async def lost():
            raise LookupError("nobody waits for me")

        async def main():
            event_loop.install()
            await asyncio.gather(*(work(n) for n in range(5)))
            task = asyncio.create_task(lost())
            await asyncio.sleep(0.01)
            del task
            gc.collect()

        asyncio.run(main())
        """,
        receiver.url,
    )
    found = {event["message"]: event for event in receiver.events()}
    assert all(found[f"work {n}"]["context"]["tags"] == {"number": str(n)} for n in range(5))
    assert found["nobody waits for me"]["level"] == "fatal"


def test_events_from_before_and_after_a_fork_arrive_once_each(receiver: Receiver) -> None:
    run_program(
        """
        import errtally, os, sys
        errtally.init()
        errtally.capture_message("before the fork")
        pid = os.fork()
        errtally.capture_message("in the child" if pid == 0 else "in the parent")
        if pid:
            os.waitpid(pid, 0)
        """,
        receiver.url,
    )
    assert sorted(event["message"] for event in receiver.events()) == [
        "before the fork",
        "in the child",
        "in the parent",
    ]


def test_a_daemon_that_leaves_its_parent_loses_nothing(receiver: Receiver) -> None:
    run_program(
        """
        import errtally, os
        errtally.init(flush_seconds=60, fork_seconds=60, shutdown_seconds=60)
        errtally.capture_message("of the parent")
        if os.fork():
            os._exit(0)
        errtally.capture_message("of the daemon")
        """,
        receiver.url,
    )
    receiver.wait_for(lambda: len(receiver.events()) == 2)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_child_of_multiprocessing_sends_before_it_ends(receiver: Receiver, tmp_path: Path, method: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import errtally, multiprocessing
            errtally.init(shutdown_seconds=60)  # as long as it takes, on a slow machine

            def work(number):
                errtally.capture_message(f"child {{number}}")

            if __name__ == "__main__":
                context = multiprocessing.get_context({method!r})
                children = [context.Process(target=work, args=(n,)) for n in range(3)]
                for child in children: child.start()
                for child in children: child.join()
            """
        )
    )
    environ = {**os.environ, "ERRTALLY_URL": receiver.url, "PYTHONPATH": SOURCES}
    subprocess.run(
        [sys.executable, program], env=environ, check=True, timeout=2 * PATIENCE_SECONDS, capture_output=True
    )
    assert sorted(event["message"] for event in receiver.events()) == ["child 0", "child 1", "child 2"]


def test_what_a_child_of_multiprocessing_can_not_send_is_said_and_kept(receiver: Receiver, tmp_path: Path) -> None:
    """As at the end of any process; a child of a pool that is closed and joined ends in order."""
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            """
            import errtally, multiprocessing, sys
            spool_dir = sys.argv[1] if len(sys.argv) > 1 else None
            errtally.init("http://127.0.0.1:1", spool_dir=spool_dir)

            def work(number):
                return errtally.capture_message(f"child {number}")

            if __name__ == "__main__":
                with multiprocessing.get_context("fork").Pool(1) as pool:
                    pool.map(work, range(3))
                    pool.close()
                    pool.join()
            """
        )
    )
    environ = {**os.environ, "PYTHONPATH": SOURCES}
    spool = str(tmp_path / "spool")
    for arguments in ([], [spool]):
        done = subprocess.run(
            [sys.executable, program, *arguments], env=environ, check=True, timeout=2 * PATIENCE_SECONDS,
            capture_output=True, text=True,
        )  # fmt: skip
        assert ("errtally: 3 events and timings were not sent before the end: " in done.stderr) is (not arguments)
    run_program(f"import errtally; errtally.init(spool_dir={spool!r}, shutdown_seconds=60)", receiver.url)
    assert sorted(event["message"] for event in receiver.events()) == ["child 0", "child 1", "child 2"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_what_ends_a_child_of_multiprocessing_is_fatal(receiver: Receiver, tmp_path: Path, method: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import errtally
            errtally.init(shutdown_seconds=60)
            import multiprocessing

            class Worker(multiprocessing.get_context({method!r}).Process):
                def run(self):
                    raise ValueError(f"end of {{self.name}}")

            if __name__ == "__main__":
                child = Worker(name="worker-7")
                child.start()
                child.join()
                assert child.exitcode == 1
            """
        )
    )
    environ = {**os.environ, "ERRTALLY_URL": receiver.url, "PYTHONPATH": SOURCES}
    done = subprocess.run(
        [sys.executable, program], env=environ, check=True, timeout=2 * PATIENCE_SECONDS, capture_output=True, text=True
    )
    assert "ValueError: end of worker-7" in done.stderr
    (event,) = receiver.events()
    assert (event["level"], event["message"]) == ("fatal", "end of worker-7")
    assert event["context"]["tags"] == {"process": "worker-7", "handled": "no", "mechanism": "multiprocessing"}


def test_forks_from_many_threads_do_not_lock_up(receiver: Receiver) -> None:
    run_program(
        """
        import errtally, os, threading
        errtally.init(flush_seconds=0.01)

        def churn():
            for n in range(15):
                errtally.capture_message("parent")
                pid = os.fork()
                if pid == 0:
                    errtally.capture_message("child")
                    errtally.flush(60)
                    os._exit(0)
                os.waitpid(pid, 0)

        threads = [threading.Thread(target=churn) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        """,
        receiver.url,
    )
    messages = [event["message"] for event in receiver.events()]
    assert len({event["event_id"] for event in receiver.events()}) == 90
    assert messages.count("child") == 45


def test_a_capture_in_a_signal_handler_does_not_lock_up(receiver: Receiver) -> None:
    run_program(
        """
        import errtally, signal
        errtally.init(queue_events=20)
        signal.signal(signal.SIGALRM, lambda *_: errtally.capture_message("signal"))
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        for _ in range(30000): errtally.capture_message("main")
        signal.setitimer(signal.ITIMER_REAL, 0)
        """,
        receiver.url,
    )
    assert receiver.events()


def test_it_works_under_gevent() -> None:
    """The exporter is in the same loop: were it ever held up by a post, there would be no answer."""
    pytest.importorskip("gevent")
    pytest.importorskip("gevent.pywsgi")
    run_program(
        f"""
        from gevent import monkey
        monkey.patch_all()
        import errtally, gevent, gzip, json
        from gevent.pywsgi import WSGIServer
        events = []

        def exporter(environ, start_response):
            body = environ["wsgi.input"].read()
            events.extend(json.loads(gzip.decompress(body) if "HTTP_CONTENT_ENCODING" in environ else body)["events"])
            start_response("200 OK", [("Content-Type", "application/json")])
            return [b'{{"rejected":[]}}']

        server = WSGIServer(("127.0.0.1", 0), exporter, log=None)
        server.start()
        url = f"http://127.0.0.1:{{server.server_port}}"
        errtally.init(url, flush_seconds=0.05, timeout_seconds={PATIENCE_SECONDS})

        def work(number):
            errtally.set_tag("number", number)
            gevent.sleep(0.01)
            errtally.capture_message(f"greenlet {{number}}")

        gevent.joinall([gevent.spawn(work, n) for n in range(20)])
        assert errtally.flush({PATIENCE_SECONDS})
        found = {{event["message"]: event["context"]["tags"]["number"] for event in events}}
        assert found == {{f"greenlet {{n}}": str(n) for n in range(20)}}, found
        """,
        "",
    )


def test_an_import_needs_nothing_but_the_standard_library() -> None:
    run_program(
        """
        import sys
        installed = [path for path in sys.path if path.endswith("site-packages")]
        sys.path = [path for path in sys.path if path not in installed]
        import errtally
        errtally.init("http://127.0.0.1:9")
        import errtally.logs, errtally.recovery
        """,
        "",
    )


_LIBRARY = ("urllib", "http", "json", "asyncio", "logging", "dataclasses", "inspect", "socket", "uuid", "decimal")
_PACKAGES = (
    "flask",
    "msgspec",
    "grafanalib",
    "jsonschema",
    "prometheus_client",
    "click",
    "requests",
    "tenacity",
    "psutil",
)
_OWN = ("errtally.names", "errtally.event", "errtally.client.tracker", "errtally.exporter")


def test_an_import_takes_no_module_that_takes_its_time() -> None:
    run_program(
        f"import sys, errtally\nassert not (found := set({_LIBRARY + _PACKAGES + _OWN}) & set(sys.modules)), found", ""
    )


def test_reporting_imports_no_package_even_where_they_are_installed(receiver: Receiver) -> None:
    run_program(
        f"""
        import sys, errtally
        errtally.init(push_metrics="on")
        import errtally.logs
        errtally.capture_message("a message")
        errtally.flush(5)
        assert not (found := set({_PACKAGES}) & set(sys.modules)), found
        """,
        receiver.url,
    )


def test_the_library_does_not_report_its_own_log_records() -> None:
    # With the server down its own warnings would fill the queue for ever.
    shown = run_program(
        """
        import errtally, logging
        logging.basicConfig(level=logging.DEBUG)
        tracker = errtally.init(flush_seconds=0.01, breadcrumb_level=10)
        errtally.capture_message("one")
        errtally.flush(2); errtally.flush(2)
        print(len(tracker.sender.channels[0]))
        """,
        "http://127.0.0.1:9",
    )
    assert "1\n" in shown
    assert shown.count("delivery fails") == 1
