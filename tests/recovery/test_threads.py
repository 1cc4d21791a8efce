"""What belongs to the caller's thread works in a protected call: it is called where it is."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from errtally.recovery import Recovery

SOURCES = str(Path(__file__).parents[2] / "src")


def test_a_function_is_called_in_its_callers_thread() -> None:
    assert Recovery("x", observers=[]).call(threading.get_ident) == threading.get_ident()


def test_a_connection_of_sqlite_is_used_where_it_was_opened() -> None:
    connection = sqlite3.connect(":memory:")
    try:
        recovery = Recovery("database", observers=[])
        recovery.call(connection.execute, "CREATE TABLE orders (id INTEGER)")
        recovery.call(connection.execute, "INSERT INTO orders VALUES (?)", (7,))
        assert recovery.call(connection.execute, "SELECT id FROM orders").fetchall() == [(7,)]
    finally:
        connection.close()


def test_a_write_in_a_transaction_of_django_is_rolled_back_with_it(tmp_path: Path) -> None:
    pytest.importorskip("django")
    program = """
        import sys
        import django
        from django.conf import settings
        settings.configure(
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}}, USE_TZ=True
        )
        django.setup()
        from django.db import connection, models, transaction
        from django.db.backends.signals import connection_created
        from errtally.recovery import Recovery

        opened = []
        connection_created.connect(lambda **_: opened.append(1), weak=False)

        class Order(models.Model):
            number = models.IntegerField()
            class Meta:
                app_label = "shop"

        with connection.schema_editor() as editor:
            editor.create_model(Order)
        recovery = Recovery("database")
        try:
            with transaction.atomic():
                recovery.call(Order.objects.create, number=7)
                raise LookupError("no stock")
        except LookupError:
            pass
        for _ in range(5):
            assert recovery.call(Order.objects.count) == 0
        assert opened == [1], opened
        connection.close()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "shop.db")],
        env={"PYTHONPATH": SOURCES},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
