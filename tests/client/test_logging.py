"""Log records as events, in hosts that set their logging up in every usual way and log on as without errtally."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest
from tests.client.programs import run_program

if TYPE_CHECKING:
    from tests.client.receiver import Receiver

DICT_CONFIG = repr(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"plain": {"format": "HOST %(name)s %(message)s"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {"shop": {"handlers": ["console"], "propagate": False}},
    }
)


@pytest.mark.parametrize(
    ("set_up", "shown"),
    [
        pytest.param("errtally.init()", "no price for 5", id="nothing set up: the last resort still speaks"),
        pytest.param(
            "errtally.init(); logging.basicConfig(format='HOST %(message)s')", "HOST no price for 5", id="basicConfig"
        ),
        pytest.param(
            f"errtally.init(); import logging.config; logging.config.dictConfig({DICT_CONFIG})",
            "HOST shop no price for 5",
            id="dictConfig, with a logger that does not propagate",
        ),
        pytest.param(
            f"import logging.config; logging.config.dictConfig({DICT_CONFIG}); errtally.init()",
            "HOST shop no price for 5",
            id="dictConfig before",
        ),
        pytest.param(
            "errtally.init(); logging.getLogger().handlers.clear(); logging.basicConfig(force=True)",
            "ERROR:shop:no price for 5",
            id="handlers removed by hand",
        ),
        pytest.param(
            """
            errtally.init()
            import celery
            celery.Celery("shop").log.setup(loglevel="INFO", redirect_stdouts=False)
            """,
            "no price for 5",
            id="Celery's worker, which takes the root logger over",
        ),
        pytest.param(
            f"""
            errtally.init()
            import django
            from django.conf import settings
            settings.configure(LOGGING={DICT_CONFIG})
            django.setup()
            """,
            "HOST shop no price for 5",
            id="Django's LOGGING",
        ),
        pytest.param(
            "import sentry_sdk; sentry_sdk.init('http://k@127.0.0.1:9/1'); errtally.init()",
            "no price for 5",
            id="Sentry's SDK before",
        ),
        pytest.param(
            "errtally.init(); import sentry_sdk; sentry_sdk.init('http://k@127.0.0.1:9/1', shutdown_timeout=0)",
            "no price for 5",
            id="Sentry's SDK after",
        ),
    ],
)
def test_the_hosts_logging_is_as_without_and_errors_are_events(receiver: Receiver, set_up: str, shown: str) -> None:
    said = run_program(
        "import errtally, logging\n"
        + textwrap.dedent(set_up)
        + "\nlogging.getLogger('shop').error('no price for %s', 5)",
        receiver.url,
    )
    assert said.count("no price for 5") == 1
    assert shown in said
    (event,) = receiver.events()
    assert (event["message"], event["logger"], event["level"]) == ("no price for 5", "shop", "error")


def test_records_become_events_and_breadcrumbs(receiver: Receiver) -> None:
    run_program(
        """
        import errtally, logging
        logging.basicConfig(level=logging.INFO, handlers=[logging.NullHandler()])
        errtally.init(ignore_loggers=["noisy"])
        log = logging.getLogger("shop.orders")
        log.info("cart opened", extra={"cart": 3})
        log.error("no price for %s", 5, extra={"order": {"id": 5}, "password": "x"})
        logging.getLogger("noisy.child").error("ignored")
        try: 1 / 0
        except ZeroDivisionError: log.exception("failed")
        """,
        receiver.url,
    )
    first, second = receiver.events()
    assert (first["message"], first["logger"], first["level"]) == ("no price for 5", "shop.orders", "error")
    assert (first["template"], first["params"]) == ("no price for %s", [5])
    assert first["context"]["extra"] == {"order": {"id": 5}, "password": "[REDACTED]"}
    (crumb,) = first["breadcrumbs"]
    assert (crumb["message"], crumb["data"]) == ("cart opened", {"cart": 3})
    assert second["type"] == "ZeroDivisionError"
    assert second["context"]["extra"]["log_message"] == "failed"
    # What went wrong before is part of what led there.
    assert [(crumb["level"], crumb["message"]) for crumb in second["breadcrumbs"]] == [
        ("info", "cart opened"),
        ("error", "no price for 5"),
    ]


@pytest.mark.parametrize(
    ("call", "template", "params"),
    [
        pytest.param("log.error('user %s: %d', 'ann', 7)", "user %s: %d", ["ann", 7], id="positions"),
        pytest.param("log.error('user %(who)s', {'who': 'ann'})", "user %(who)s", {"who": "ann"}, id="names"),
        pytest.param("log.error('100% of it')", None, None, id="no arguments"),
        pytest.param("log.error('%s', 'ann is gone')", None, None, id="nothing but a placeholder"),
        pytest.param("log.error('%s: %r', 'ann', 7)", None, None, id="nothing but placeholders"),
        pytest.param("log.error('%-5s|%08.3f', 'ann', 7)", None, None, id="placeholders with widths"),
    ],
)
def test_the_template_is_sent_where_it_says_something(receiver: Receiver, call: str, template, params) -> None:
    run_program(f"import errtally, logging\nerrtally.init()\nlog = logging.getLogger()\n{call}", receiver.url)
    (event,) = receiver.events()
    assert event.get("template") == template
    assert template is None or event["params"] == params


STRUCTLOG = """
    import errtally, logging, structlog
    logging.basicConfig(handlers=[logging.NullHandler()])
    errtally.init()
    structlog.configure(
        processors=[structlog.stdlib.add_logger_name, {renderer}],
        logger_factory=structlog.stdlib.LoggerFactory(), wrapper_class=structlog.stdlib.BoundLogger,
    )
    log = structlog.get_logger("shop").bind(region="eu-1")
    log.error("no price", order=5)
    try: 1 / 0
    except ZeroDivisionError: log.exception("failed", order=6)
"""


@pytest.mark.parametrize(
    "renderer",
    [
        pytest.param("structlog.stdlib.render_to_log_kwargs", id="keywords"),
        pytest.param("structlog.stdlib.ProcessorFormatter.wrap_for_formatter", id="a mapping"),
        pytest.param("structlog.processors.JSONRenderer()", id="a line of JSON"),
    ],
)
def test_fields_of_structlog_reach_the_event(receiver: Receiver, renderer: str) -> None:
    run_program(STRUCTLOG.format(renderer=renderer), receiver.url)
    first, second = receiver.events()
    assert (first["message"], first["logger"]) == ("no price", "shop")
    assert {"region": "eu-1", "order": 5}.items() <= first["context"]["extra"].items()
    assert second["context"]["extra"]["order"] == 6
    if "JSON" not in renderer:
        assert second["type"] == "ZeroDivisionError"


def test_a_mapping_as_the_message_is_one_of_fields(receiver: Receiver) -> None:
    run_program(
        """
        import errtally, logging
        errtally.init()
        logging.getLogger("shop").error({"message": "no price", "order": 5})
        """,
        receiver.url,
    )
    (event,) = receiver.events()
    assert (event["message"], event["context"]["extra"]) == ("no price", {"order": 5})


def test_an_error_whose_arguments_do_not_fit_is_reported_all_the_same(receiver: Receiver) -> None:
    said = run_program(
        "import errtally, logging\nerrtally.init()\nlogging.getLogger('shop').error('%d left', 'none')", receiver.url
    )
    assert "Logging error" in said  # as without errtally
    (event,) = receiver.events()
    assert event["message"] == "%d left"


def test_what_is_logged_while_a_record_is_reported_does_not_go_round(receiver: Receiver) -> None:
    run_program(
        """
        import errtally, logging
        logging.basicConfig(handlers=[logging.NullHandler()])  # one with a formatter would ask for the text as well
        log = logging.getLogger("shop")

        class Talking(Exception):
            def __str__(self):
                log.error("asked for its text")
                return "talking"

        def before_send(event):
            log.error("about to send %s", event["message"])
            return event

        errtally.init(before_send=before_send, flush_seconds=0.05)
        for _ in range(3):
            try: raise Talking
            except Talking: log.exception("failed")
        for _ in range(5): errtally.flush(5)
        """,
        receiver.url,
    )
    assert [event["message"] for event in receiver.events()] == ["talking"] * 3


def test_own_failures_are_said_once_and_counted(receiver: Receiver) -> None:
    said = run_program(
        """
        import errtally, logging
        logging.basicConfig(handlers=[logging.NullHandler()])
        errtally.init()

        class Hostile(dict):
            def items(self): raise LookupError("no items")

        for _ in range(50): logging.getLogger("shop").error("x", extra={"values": Hostile(a=1)})
        for _ in range(50): errtally.capture_message("x", tags=7)
        """,
        receiver.url,
    )
    assert said.count("errtally: a log record was not reported") + said.count("a message was not reported: Lookup") == 1
    assert said.count("errtally: a message was not reported: AttributeError") == 1
    assert receiver.discarded() == {("internal_error", "error"): 100}


def test_a_record_that_comes_through_a_queue_is_one_event(receiver: Receiver) -> None:
    """As from the processes of the logging cookbook, whose parent hands their records to its loggers again."""
    run_program(
        """
        import errtally, logging, logging.handlers, queue
        errtally.init()
        records = queue.Queue()
        logging.getLogger().addHandler(logging.handlers.QueueHandler(records))
        logging.getLogger("shop").error("failed")
        logging.getLogger().handlers.clear()
        record = records.get_nowait()
        logging.getLogger(record.name).handle(record)
        """,
        receiver.url,
    )
    assert len(receiver.events()) == 1


def test_an_applications_own_event_id_stays(receiver: Receiver) -> None:
    said = run_program(
        """
        import errtally, logging
        logging.basicConfig(format="%(message)s id=%(event_id)s")
        errtally.init()
        logging.getLogger("shop").error("failed", extra={"event_id": "mine"})
        """,
        receiver.url,
    )
    assert "failed id=mine" in said
    (event,) = receiver.events()
    assert event["context"]["extra"] == {"event_id": "mine"}


def test_after_the_end_nothing_is_reported_and_the_host_logs_on(receiver: Receiver) -> None:
    said = run_program(
        """
        import errtally, logging
        errtally.init()
        errtally.close()
        logging.getLogger("shop").error("after the end")
        """,
        receiver.url,
    )
    assert "after the end" in said
    assert receiver.events() == []


def test_structlog_through_our_logging_sends_templates_as_well(receiver: Receiver) -> None:
    run_program(
        """
        import errtally, structlog
        from errtally import logs
        errtally.init()
        logs.configure("shop", directory=None, console="none")
        structlog.get_logger("shop").error("no cart of %s: 100%%", "ann", order=5)
        structlog.get_logger("shop").error("100% of it", order=5)
        """,
        receiver.url,
    )
    first, second = receiver.events()
    assert (first["message"], first["template"]) == ("no cart of ann: 100%", "no cart of %s: 100%%")
    assert first["context"]["extra"] == second["context"]["extra"] == {"order": 5}
    assert (second["message"], "template" in second) == ("100% of it", False)


def test_a_record_whose_arguments_cannot_be_shown_is_an_event_all_the_same(receiver: Receiver) -> None:
    run_program(
        """
        import logging, errtally
        class Order:
            def __str__(self): raise RuntimeError("the database is away")
        errtally.init()
        logging.getLogger("shop").error("no price of %s", Order())
        """,
        receiver.url,
    )
    (event,) = receiver.events()
    assert event["message"] == "no price of %s"
    assert "Order" in str(event["context"]["extra"]["args"])
