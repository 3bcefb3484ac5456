"""What the page for auditors tells others to do works: the chain without opsroom, backups, the
codes it explains."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Optional

import pytest

from opsroom.audit.model import ExceptionKind, GapKind
from opsroom.db.store import Store, open_store
from opsroom.records.chain import verify_chain
from support.records.ledgers import Book
from support.records.stores import open_gates, rows, run

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "compliance.md").read_text("utf-8")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The program of the page, as someone would save it."""
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found
    path = tmp_path / "verify.py"
    path.write_text(found.group(1))
    return path


def verify(
    script: Path, *arguments: str, told: Optional[str] = None
) -> subprocess.CompletedProcess[str]:
    # -I: nothing of opsroom can be imported.
    return subprocess.run(
        [sys.executable, "-I", str(script), *arguments], input=told, capture_output=True, text=True
    )


def filled(store: Store) -> Store:
    book = Book(store)
    book.approved("d1")
    book.deployed("d2", who='Zoë \u2603 "q" \\ \u2028 \x01')
    return store


def test_the_chain_can_be_verified_without_opsroom(store: Store, script: Path) -> None:
    filled(store)
    if store.dialect == "sqlite":
        arguments, told = (store.address.path,), None
    else:
        lines = [
            row[0] for row in rows(store, "SELECT row_to_json(l)::text FROM ledger l ORDER BY seq")
        ]
        arguments, told = (), "\n".join(lines)
    done = verify(script, *arguments, told=told)
    with store.read() as connection:
        report = verify_chain(connection)
    assert (done.returncode, done.stdout) == (
        0,
        f"8 records hold; the newest hash is {report.head_hash}\n",
    )


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE ledger SET requester = 'bob' WHERE seq = 3", 3),
        ("DELETE FROM ledger WHERE seq = 3", 4),
    ],
)
def test_and_finds_what_opsroom_finds(
    tmp_path: Path, script: Path, statement: str, seq: int
) -> None:
    store = filled(open_store(f"sqlite:///{tmp_path}/opsroom.db"))
    open_gates(store)
    run(store, statement)
    done = verify(script, store.address.path)
    assert (done.returncode, done.stderr) == (1, f"record {seq} does not fit\n")


@pytest.mark.parametrize("way", ["backup", "vacuum"])
def test_a_backup_made_while_the_database_is_open_holds_and_guards_its_records(
    tmp_path: Path, script: Path, way: str
) -> None:
    store = filled(open_store(f"sqlite:///{tmp_path}/opsroom.db"))
    copy = tmp_path / "copy.db"
    with store.write(), sqlite3.connect(
        store.address.path
    ) as source:  # someone writes at this moment
        if way == "vacuum":
            source.execute("VACUUM INTO ?", (str(copy),))
        else:
            with sqlite3.connect(copy) as target:
                source.backup(target)
            target.close()
    source.close()
    assert verify(script, str(copy)).stdout.startswith("8 records hold")
    with sqlite3.connect(copy) as restored, pytest.raises(
        sqlite3.IntegrityError, match="append-only"
    ):
        restored.execute("DELETE FROM ledger")
    restored.close()


def test_nothing_at_all_is_no_record_that_holds(script: Path) -> None:
    done = verify(script, told="")
    assert (done.returncode, done.stderr) == (1, "there are no records\n")


def test_every_gap_and_exception_is_explained_and_none_that_does_not_exist() -> None:
    table = PAGE[PAGE.index("| Gap |") : PAGE.index("**Exceptions**")]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [one.value for one in GapKind]
    line = PAGE[PAGE.index("**Exceptions**") : PAGE.index("## Against StackStorm")]
    assert re.findall(r"`(\w+)`", line) == [one.value for one in ExceptionKind]


def test_the_rule_is_switched_on_under_its_name() -> None:
    assert "opsroom.print_head" in PAGE
    assert "    print_head:\n      enabled: true\n" in PAGE
