"""Who writes to an SQLite file waits in turn: in the order of arrival, within a limit, and never
for the dead."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, List

import pytest

from opsroom.db import queue
from opsroom.db.connect import LOCK_WAIT
from opsroom.db.sql import rows
from opsroom.db.store import open_store
from opsroom.records.ledger import append
from support.records.postgres import Postgres
from support.records.stores import entry, fill
from support.waiting import until

FORK = multiprocessing.get_context("fork")


def path_of(folder: Path) -> str:
    return str(folder / "opsroom.db")


def in_turn(path: str, name: int, order: Any) -> None:
    with queue.turn(path, 30):
        order.put(name)


def test_the_order_is_that_of_arrival(tmp_path: Path) -> None:
    path, order = path_of(tmp_path), FORK.SimpleQueue()
    others = []
    with queue.turn(path, 30):
        for number in range(12):
            others.append(FORK.Process(target=in_turn, args=(path, number, order)))
            others[-1].start()
            until(
                lambda wanted=number + 2: numbers_given(path) == wanted,
                "the number of the next one",
            )
    assert [order.get() for _ in others] == list(range(12))
    for one in others:
        one.join(30)


def numbers_given(path: str) -> int:
    return int(Path(path + queue.SUFFIX).read_text().split("\n")[0] or "0")


def test_who_waits_for_longer_than_the_limit_is_told_that_it_is_busy(tmp_path: Path) -> None:
    path = path_of(tmp_path)
    late = pytest.raises(sqlite3.OperationalError, match="database is locked")
    with queue.turn(path, 30), late, queue.turn(path, 0.05):
        pytest.fail("it was not its turn")
    # Who gave up is not waited for.
    with queue.turn(path, 0.0):
        pass


def hold(path: str, ready: Any) -> None:
    with queue.turn(path, 30):
        ready.put(os.getpid())
        time.sleep(600)


def test_the_dead_are_not_waited_for(tmp_path: Path) -> None:
    path, ready = path_of(tmp_path), FORK.SimpleQueue()
    holder = FORK.Process(target=hold, args=(path, ready))
    holder.start()
    ready.get()
    waiting = FORK.Process(target=in_turn, args=(path, 1, ready))
    waiting.start()
    until(lambda: numbers_given(path) == 2, "the second number")
    for one in (waiting, holder):
        os.kill(one.pid or 0, signal.SIGKILL)
        one.join(30)
    with queue.turn(path, 5):
        pass


@pytest.mark.parametrize("stopped", ["who writes", "who waits"])
def test_one_that_stands_still_holds_others_up_for_a_while_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    path, ready = path_of(tmp_path), FORK.SimpleQueue()
    holder = FORK.Process(target=hold, args=(path, ready))
    holder.start()
    ready.get()
    others = [holder]
    if stopped == "who waits":
        others.append(FORK.Process(target=hold, args=(path, ready)))
        others[1].start()
        until(lambda: numbers_given(path) == 2, "the second number")
    os.kill(others[-1].pid or 0, signal.SIGSTOP)
    try:
        if stopped == "who waits":
            os.kill(holder.pid or 0, signal.SIGKILL)
            holder.join(30)
        monkeypatch.setattr(queue, "STANDSTILL", 0.2)
        with queue.turn(path, 60):
            fill(open_store(f"sqlite:///{tmp_path}/another.db"), entry())
        fill(open_store(f"sqlite:///{path}"), entry())
    finally:
        for one in others:
            one.kill()
            one.join(30)


def test_a_door_that_stays_shut_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = path_of(tmp_path)
    other = os.open(path + queue.SUFFIX, os.O_RDWR | os.O_CREAT)
    queue.fcntl.fcntl(other, queue._TRY, queue._lock(queue.fcntl.F_WRLCK, queue._DOOR, 1))
    monkeypatch.setattr(queue, "STANDSTILL", 0.05)
    with queue.turn(path, 60):
        pass
    os.close(other)


def test_a_child_that_goes_on_holds_no_place(tmp_path: Path) -> None:
    path = path_of(tmp_path)
    with queue.turn(path, 30):
        child = os.fork()
        if child == 0:
            time.sleep(600)
            os._exit(0)
    try:
        with queue.turn(path, 0.0):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_the_end_of_a_turn_is_for_all_who_share_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a program does between its start and its first moment, in which nothing of Python runs."""
    path, shared = path_of(tmp_path), []
    real = queue._open
    monkeypatch.setattr(
        queue, "_open", lambda name: shared.append(os.dup(real(name) or 0)) or os.dup(shared[-1])
    )
    with queue.turn(path, 30):
        pass
    with queue.turn(path, 0.0):
        pass
    for one in shared:
        os.close(one)


def test_threads_of_one_process_wait_for_each_other(tmp_path: Path) -> None:
    path, inside, most = path_of(tmp_path), [0], [0]

    def work() -> None:
        for _ in range(20):
            with queue.turn(path, 30):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert most == [1]
    assert numbers_given(path) == 160


@pytest.mark.parametrize("content", ["", "no number\n", "-5\n", "9" * 30, f"{2**60}\n"])
def test_what_stands_in_the_file_does_not_matter(tmp_path: Path, content: str) -> None:
    path = path_of(tmp_path)
    Path(path + queue.SUFFIX).write_text(content)
    with queue.turn(path, 1):
        pass
    assert numbers_given(path) == 1


@pytest.mark.parametrize("trouble", ["a folder", "a link", "no locks"])
def test_without_the_file_writers_go_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    path = path_of(tmp_path)
    if trouble == "a folder":
        Path(path + queue.SUFFIX).mkdir()
    elif trouble == "a link":
        (tmp_path / "elsewhere").write_text("precious")
        Path(path + queue.SUFFIX).symlink_to(tmp_path / "elsewhere")
    else:
        monkeypatch.setattr(queue, "_TRY", 99999)
    store = open_store(f"sqlite:///{path}")
    fill(store, entry())
    if trouble == "a link":
        assert (tmp_path / "elsewhere").read_text() == "precious"


def append_some(url: str, number: int, failed: Any) -> None:
    store = open_store(url)
    for turn in range(10):
        try:
            fill(store, entry(deployment=f"{number}-{turn}"))
        except Exception as error:
            failed.put(f"{type(error).__name__}: {error}")
            return
    failed.put("")


def test_twenty_who_write_without_a_pause_have_no_error(tmp_path: Path) -> None:
    url, failed = f"sqlite:///{path_of(tmp_path)}", FORK.SimpleQueue()
    store = open_store(url)
    writers = [FORK.Process(target=append_some, args=(url, number, failed)) for number in range(20)]
    for one in writers:
        one.start()
    assert [failed.get() for _ in writers] == [""] * 20
    for one in writers:
        one.join(60)
    with store.read() as on:
        assert rows(on, "SELECT count(*) AS n FROM ledger")[0]["n"] == 200


def test_the_limit_is_the_one_that_the_documents_state() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "configuration.md"
    assert f"for up to {LOCK_WAIT:.0f} seconds" in page.read_text("utf-8")


@pytest.mark.parametrize(("way", "turns"), [("write", 1), ("read", 0)])
def test_all_that_write_take_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, turns: int
) -> None:
    store, taken, real = open_store(f"sqlite:///{path_of(tmp_path)}"), [], queue.turn

    def turn(path: str, limit: float) -> Any:
        taken.append((path, limit))
        return real(path, limit)

    monkeypatch.setattr(queue, "turn", turn)
    with getattr(store, way)():
        pass
    assert taken == [(path_of(tmp_path), LOCK_WAIT)] * turns


def test_on_postgresql_the_lock_and_what_is_read_behind_it_are_one_message(
    postgres: Postgres,
) -> None:
    name = postgres.new_database()
    store = open_store(postgres.url(name))
    fill(store, entry())
    with store.write() as on:
        said: List[str] = []
        driver = on._driver
        on._driver = SimpleNamespace(
            execute=lambda text, *values: said.append(text) or driver.execute(text, *values)
        )
        for _ in range(2):
            append(store, on, entry())
    assert [text.split()[0] for text in said] == ["SELECT", "INSERT", "INSERT"]
    with store.read() as on:
        assert [row["seq"] for row in rows(on, "SELECT seq FROM ledger ORDER BY seq")] == [1, 2, 3]
    store.close()
    postgres.drop(name)


def test_reading_waits_for_nobody(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{path_of(tmp_path)}")
    fill(store, entry())
    seen: List[Any] = []
    with store.write(), store.read() as on:
        seen += rows(on, "SELECT seq FROM ledger")
    assert seen == [{"seq": 1}]
