"""One connection for a process: it is kept, and made again only where nothing can be half done."""

from __future__ import annotations

import os
import resource
import shutil
import threading
from pathlib import Path
from typing import Any, List

import pytest

from opsroom.db import connect
from opsroom.db.connect import Connections
from opsroom.db.sql import insert, rows
from opsroom.db.store import Store, open_store
from opsroom.errors import Code, Failure, Refusal
from support.records.postgres import Postgres

HANDLE = dict.fromkeys(("app", "environment", "name", "value", "at"), "")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> List[Any]:
    """Every connection that is made."""
    found: List[Any] = []
    real = connect.connect

    def counted(address: Any) -> Any:
        found.append(real(address))
        return found[-1]

    monkeypatch.setattr(connect, "connect", counted)
    return found


def add(store: Store, app: str) -> None:
    with store.write() as on:
        insert(on, "handles", {**HANDLE, "app": app})


def add_and_raise(store: Store, error: BaseException) -> None:
    with store.write() as on:
        insert(on, "handles", {**HANDLE, "app": "web"})
        raise error


def apps(store: Store) -> List[str]:
    with store.read() as on:
        return sorted(row["app"] for row in rows(on, "SELECT app FROM handles"))


@pytest.mark.databases("postgresql")
def test_a_process_with_many_open_files_keeps_its_connection_too(
    store: Store, store_url: str, made: List[Any]
) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most < 1200:
        pytest.skip("this user may not open so many files")
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1050)]
    try:
        again = open_store(store_url)
        for number in range(3):
            add(again, str(number))
        assert len(made) == 1
        again.close()
    finally:
        for one in files:
            os.close(one)


def test_transactions_one_after_the_other_share_a_connection(
    store: Store, store_url: str, made: List[Any]
) -> None:
    again = open_store(store_url)
    for number in range(5):
        add(again, str(number))
        assert len(apps(again)) == number + 1
    assert len(made) == 1
    again.close()


def test_transactions_within_each_other_have_one_each(store: Store, made: List[Any]) -> None:
    store.close()
    with store.read() as on:
        assert rows(on, "SELECT app FROM handles") == []
        add(store, "web")
        assert rows(on, "SELECT app FROM handles") == []
    assert len(made) == 2
    assert apps(store) == ["web"]
    assert len(made) == 2


def test_threads_never_share_one_at_the_same_time(store: Store, made: List[Any]) -> None:
    store.close()
    errors: List[BaseException] = []

    def work(number: int) -> None:
        try:
            for one in range(10):
                add(store, f"{number} {one}")
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert errors == []
    assert len(apps(store)) == 40
    assert len(made) <= 40


def test_a_refusal_in_a_transaction_undoes_it_and_keeps_the_connection(
    store: Store, made: List[Any]
) -> None:
    store.close()
    with pytest.raises(Refusal):
        add_and_raise(store, Refusal(Code.LOCKED, "no.", "no."))
    assert apps(store) == []
    assert len(made) == 1


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_a_defect_in_a_transaction_drops_the_connection(
    store: Store, made: List[Any], error: Any
) -> None:
    store.close()
    with pytest.raises(error):
        add_and_raise(store, error())
    assert apps(store) == []
    assert len(made) == 2


def test_a_file_that_was_put_in_place_of_the_first_is_written_to(tmp_path: Path) -> None:
    path, backup = tmp_path / "a.db", tmp_path / "backup.db"
    store = open_store(f"sqlite:///{path}")
    add(store, "before")
    store.close()
    shutil.copy(path, backup)
    add(store, "lost")
    os.replace(backup, path)
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink()
    add(store, "after")
    assert apps(store) == ["after", "before"]
    store.close()
    assert apps(open_store(f"sqlite:///{path}")) == ["after", "before"]


def test_a_file_that_is_gone_is_not_written_to_any_more(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store = open_store(f"sqlite:///{path}")
    add(store, "before")
    path.unlink()
    with pytest.raises(Failure, match="not those that opsroom made"):
        add(store, "after")


def test_a_child_that_is_forked_makes_its_own(store: Store) -> None:
    add(store, "parent")
    child = os.fork()
    if child == 0:
        try:
            add(store, "child")
            store.close()
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert apps(store) == ["child", "parent"]


def test_a_connection_that_a_server_ended_in_between_is_made_again(
    postgres: Postgres, made: List[Any]
) -> None:
    name = postgres.new_database()
    store = open_store(postgres.url(name))
    add(store, "before")
    count = len(made)
    postgres.run(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        f" WHERE datname = '{name}' AND application_name = 'opsroom'"
    )
    add(store, "after")
    assert apps(store) == ["after", "before"]
    assert len(made) == count + 1
    store.close()
    postgres.drop(name)


def test_a_connection_to_a_server_is_kept_for_a_moment_only(
    postgres: Postgres, made: List[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connections, "KEPT", 0.0)
    name = postgres.new_database()
    store = open_store(postgres.url(name))
    count = len(made)
    assert apps(store) == apps(store) == []
    assert len(made) == count + 2
    store.close()
    postgres.drop(name)
