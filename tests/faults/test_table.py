"""The table of docs/reliability.md holds what experiments found, and what they found is that nothing was lost."""

from __future__ import annotations

from tests.faults import record
from tests.faults.record import Row

MAY_LOSE = {"one byte of a waiting journal flipped": 1}


def test_no_experiment_lost_or_doubled_what_was_acknowledged():
    rows = record.shown(record.PAGE.read_text())
    assert len(rows) >= 8
    assert len({row.experiment for row in rows}) == len(rows)
    for row in rows:
        assert (row.lost, row.doubled) == (MAY_LOSE.get(row.experiment, 0), 0), row
        assert row.rounds > 0
        assert row.counted >= row.acknowledged - row.lost > 0


def test_a_run_replaces_its_own_rows_and_no_others(tmp_path, monkeypatch):
    page, kept = tmp_path / "page.md", tmp_path / "rows"
    former = [Row("a", 1, 2000, 2000, 0, 0), Row("b", 1, 1, 1, 0, 0)]
    page.write_text(f"before\n{record.START}{record.table(former)}{record.END}after\n")
    monkeypatch.setattr(record, "PAGE", page)
    monkeypatch.setenv("ERRTALLY_FAULTS_FILE", str(kept))
    for row in (Row("b", 25, 1234567, 1234568, 0, 0), Row("c", 1, 1, 1, 0, 0)):
        record.record(row)
    record.main(str(kept))
    assert page.read_text().startswith("before\n")
    assert page.read_text().endswith("after\n")
    assert record.shown(page.read_text()) == [former[0], Row("b", 25, 1234567, 1234568, 0, 0), Row("c", 1, 1, 1, 0, 0)]
