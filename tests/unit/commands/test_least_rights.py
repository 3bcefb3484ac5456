"""The database rights that the documents name for the runners' user are enough for everything, and
no more."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest

from opsroom.db.sql import rows as rows
from opsroom.db.store import open_store
from opsroom.errors import Code, Failure
from opsroom.grants import PRIVILEGES, main, statements
from support.cases import cases
from support.records.postgres import Postgres
from support.seals import KEY, sealed
from support.worlds.guarded import guarded_world
from support.worlds.ruled import Ruled
from support.worlds.world import ROOT, World

LIBRARY = ROOT / "actions" / "lib" / "opsroom"
PAGE = Path(__file__).resolve().parents[3] / "docs" / "configuration.md"
ROLE = "runners_only"


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The name of a new database with all tables, and a role that may do in it what is documented
    and no more."""
    name = postgres.new_database(postgres.template())
    if not postgres.run(f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'"):
        postgres.run(f"CREATE ROLE {ROLE} LOGIN")
    grant(postgres, name)
    yield name
    postgres.drop(name)


def grant(postgres: Postgres, database: str) -> None:
    for statement in statements(ROLE):
        postgres.run(statement, database)


@pytest.fixture
def granted(postgres: Postgres, database: str) -> str:
    """The URL of that database for that role."""
    return postgres.url(database, user=ROLE)


@lru_cache(maxsize=None)
def library() -> str:
    """The code of the library, but for what the owner of the tables runs."""
    owners = {"migrations", "migrate.py", "backup", "archive"}
    paths = (
        path for path in LIBRARY.rglob("*.py") if not owners & {*path.relative_to(LIBRARY).parts}
    )
    return "\n".join(path.read_text("utf-8") for path in paths)


def test_the_documents_name_them_all() -> None:
    named = re.findall(r"^GRANT .*;$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert named == statements("opsroom")


def test_every_table_has_its_rights(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/a.db").read() as on:
        made = rows(on, "SELECT name FROM sqlite_master WHERE type = 'table'")
    assert set(PRIVILEGES) == {row["name"] for row in made}


# How the code says what it does with a table.
_SAID = {
    "INSERT": (r"INSERT INTO {0}\b", r"\binsert(?:_new)?\(\s*\w+,\s+\"{0}\""),
    "UPDATE": (r"UPDATE {0}\b", r"\bupdate\(\s*\w+,\s+\"{0}\""),
    "DELETE": (r"DELETE FROM {0}\b",),
}


@cases("table", sorted(PRIVILEGES))
def test_what_the_code_does_with_a_table_is_granted_and_no_more(table: str) -> None:
    done = {
        verb
        for verb, ways in _SAID.items()
        if any(re.search(way.format(table), library()) for way in ways)
    }
    given = {one.split(" ")[0] for one in PRIVILEGES[table]} - {"SELECT"}
    assert done == given


def known(world: World) -> World:
    """The guarded world with a board and a log of pages in the database itself, and rooms to
    announce in."""
    world.config.update(
        announce="#deploys",
        trackers={"board": {"kind": "local", "project": "OPS"}},
        pagers={"log": {"kind": "local", "on_call": {"web-team": ["bob"]}}},
        teams={"web-team": {"log": "web-team", "watch": "1m"}},
        audit={"page": "web-team"},
        incidents={"room": "#incidents"},
    )
    world.config["people"]["stanley"] = {}
    world.config["apps"]["web"]["page"] = "web-team"
    world.config["board"] = {"folder": str(world.folder / "board")}
    return world


WEB = {"app": "web", "environment": "uat"}
UAT = {**WEB, "version": "v1.1.0"}
PERIOD = {"since": "2000", "until": "2099"}
# One call of each action at least, by whom and with what; {change}, {incident} and so on are what
# the answers said.
CALLS: List[Tuple[str, str, Dict[str, Any]]] = [
    ("help", "alice", {"command": ""}),
    ("whoami", "alice", {}),
    ("doctor", "alice", {}),
    ("metrics", "alice", {"format": "none"}),
    ("write_metrics", "alice", {}),
    ("suggest", "alice", {"text": "deploy web"}),
    ("plan", "alice", UAT),
    ("deploy", "alice", {**WEB, "version": "v1.0.0"}),
    ("deploy", "alice", {**UAT, "cards": "OPS-1"}),
    ("announce_deployments", "stanley", {"execution": ""}),
    ("announce_deployments", "stanley", {"execution": "5f0000000000000000000001"}),
    ("rollback", "alice", WEB),
    ("unlock", "alice", WEB),
    ("promote", "alice", {"app": "web", "source": "uat", "environment": "test"}),
    ("deploy_set", "alice", {"apps": "web v1.1.0", "environment": "test"}),
    ("cancel_deployment", "alice", WEB),
    ("compare_versions", "alice", {"app": "web", "before": "v1.0.0", "after": "v1.1.0"}),
    ("compare_environments", "alice", {"source": "test", "environment": "uat"}),
    ("get_version", "alice", WEB),
    ("get_history", "alice", {**WEB, "limit": 20}),
    ("check_version", "alice", {**WEB, "version": "v1.0.0"}),
    ("check_green", "alice", {**WEB, "for_long": "1s", "version": "", "began": "", "first": ""}),
    ("release_plan", "alice", {"app": "web", "version": "v1.0.0", "upto": "uat"}),
    ("note_drift", "stanley", {**WEB, "event": "e1", "version": "v9", "version_before": "v1.0.0"}),
    ("note_reach", "stanley", {**WEB, "event": "e2", "reachable": False}),
    ("update_cards", "stanley", {**WEB, "event": "e3", "version": "v1.1.0",
     "version_before": "v1.0.0"}),
    ("deploy_release", "stanley", {"service": "github", "instance": "5f0000000000000000000009"}),
    ("page_on_failure", "stanley", {"execution": "5f0000000000000000000001"}),
    ("promote_card", "stanley", {"tracker": "board", "card": "OPS-1", "to": "Done", "event": "e4"}),
    ("lock", "bob", {"environment": "uat", "reason": "load test for 2h", "app": ""}),
    ("list_locks", "bob", {"environment": ""}),
    ("unlock", "bob", {"environment": "uat", "app": ""}),
    ("quiet", "alice", {"length": "30m"}),
    ("quiet", "alice", {"length": "40m"}),
    ("loud", "alice", {}),
    ("remind", "stanley", {}),
    ("report", "alice", {"announce": True}),
    ("create_card", "alice", {"text": "checkout is slow", "project": ""}),
    ("comment_card", "alice", {"card": "OPS-1", "text": "it is the cache"}),
    ("move_card", "alice", {"card": "OPS-1", "column": "Done"}),
    ("assign_card", "alice", {"card": "OPS-1", "assignee": "bob"}),
    ("get_card", "alice", {"card": "OPS-1"}),
    ("find_cards", "alice", {"text": "checkout", "project": "", "mine": False}),
    ("get_on_call", "alice", {"who": "web-team"}),
    ("page", "alice", {"who": "web-team", "message": "checkout is down"}),
    ("list_pages", "alice", {"who": ""}),
    ("ack_page", "bob", {"page": "1"}),
    ("escalate_page", "bob", {"page": "1"}),
    ("add_responder", "bob", {"who": "alice", "page": "1"}),
    ("watch_pages", "stanley", {}),
    ("resolve_page", "bob", {"page": "1"}),
    ("open_incident", "alice", {"who": "web-team", "text": "checkout is down"}),
    ("list_incidents", "alice", {}),
    ("note_incident", "stanley", {"incident": "{incident}", "who": "", "app": "",
     "environment": ""}),
    ("incident_step", "stanley", {"incident": "{incident}", "step": "card"}),
    ("end_incident", "alice", {"incident": "{incident}", "text": "it was the cache"}),
    ("deploy", "alice", {**UAT, "environment": "production"}),
    ("list_changes", "alice", {"environment": "", "app": ""}),
    ("approve_change", "carol", {"change": "{change}", "code": "000000"}),
    ("approve_change", "dave", {"change": "{change}", "code": ""}),
    ("deploy", "alice", {"app": "web", "version": "v1.2.0", "environment": "production"}),
    ("reject_change", "dave", {"change": "{change}", "reason": "not now"}),
    ("confirm_change", "alice", {"change": "{change}", "code": ""}),
    ("emergency_deploy", "carol", {"app": "web", "version": "v1.2.0", "environment": "production",
                                   "reason": "checkout is down", "code": ""}),
    ("review_change", "dave", {"change": "{change}", "text": "it was right", "code": ""}),
    ("audit_report", "alice", {**PERIOD, "environment": "", "format": "json"}),
    ("audit_verify", "alice", {"head": "", "record": 0, "keep": True}),
    ("announce_head", "stanley", {}),
    ("check_record", "stanley", {"wake": False}),
    ("reconcile", "alice", PERIOD),
    ("close_dead_executions", "stanley", {}),
    ("board", "stanley", {}),
]  # fmt: skip


def test_every_action_is_called() -> None:
    assert {name for name, _, _ in CALLS} == {path.stem for path in (ROOT / "actions").glob("*.py")}


def test_every_action_works_with_them(
    tmp_path: Path, granted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = known(guarded_world(tmp_path, granted, emergency=["carol"]))
    said: Dict[str, str] = {"change": "", "incident": ""}
    done: List[str] = []
    for action, who, given in CALLS:
        filled = {
            key: value.format(**said) if isinstance(value, str) else value
            for key, value in given.items()
        }
        with monkeypatch.context() as patched:
            # Only a migration may load them.
            for package in ("sqlalchemy", "alembic"):
                patched.setitem(sys.modules, package, None)
            answer = Ruled(world).ask(action, who, "#dev", **filled)
        assert not answer["code"].startswith(("store_", "crashed")), (action, answer)
        assert answer.get("recorded", True) is True, (action, answer)
        said.update({one: str(answer[one]) for one in said if answer.get(one)})
        done.append(f"{action}: {answer['code']}")
    # That they did what they are for, and were not refused for something else before.
    assert {one for one in EXPECTED if one not in done} == set(), done
    assert world.chain_holds()


EXPECTED = {
    "deploy: deployed", "rollback: deployed", "lock: locked_now", "unlock: unlocked",
    "quiet: quiet", "loud: loud",
    "note_drift: noted", "create_card: card_created", "comment_card: card_commented",
    "move_card: card_moved",
    "page: paged", "ack_page: acknowledged", "resolve_page: resolved", "open_incident: declared",
    "end_incident: incident_closed", "approve_change: code_wrong", "approve_change: deployed",
    "reject_change: rejected", "emergency_deploy: deployed", "audit_verify: record_holds",
    "report: report", "board: board",

}  # fmt: skip


def test_a_message_is_taken_once_with_them(tmp_path: Path, granted: str) -> None:
    world = guarded_world(tmp_path, granted)
    world.config["relay_keys"] = {"chatops_bot": KEY}
    world.config["people"]["alice"]["chat"].append("irc:alice@services")
    who = sealed("irc:alice@services", "#dev")
    locked = [world.lock("uat", one, who=who) for one in ("one", "two")]
    # An execution shares the message with itself; as another one it would be the repetition.
    assert [one["code"] for one in locked] == ["locked_now", "locked_now"]


def test_a_sensor_works_with_them(granted: str) -> None:
    from opsroom.sensors import outbox
    from opsroom.sensors.source import NOTHING, Memory, recall, remember

    store, source = open_store(granted), "version:web:uat"
    before: Memory = NOTHING
    for version in ("v1", "v2"):
        seen = outbox.make(source, version, "version_changed", version=version)
        with store.write() as on:
            after = remember(store, on, source, before, {"version": version})
            assert after is not None
            before = after
            outbox.add(store, on, source, [seen])
        with store.write() as on:
            taken = [one.event for one in outbox.take(store, on, "version:")]
            outbox.hold(store, on, taken[0])
            outbox.give_back(on, taken)
            outbox.mark_sent(store, on, taken)
            outbox.forget(store, on)
    with store.read() as on:
        assert recall(on, [source])[source].state == {"version": "v2"}
        assert not outbox.is_waiting(on, "version:")


@cases("table", sorted(PRIVILEGES))
def test_a_missing_right_is_named_with_its_table_and_nothing_is_undone(
    postgres: Postgres, database: str, granted: str, table: str
) -> None:
    postgres.run(f"REVOKE ALL ON {table} FROM {ROLE}", database)
    postgres.run(f"REVOKE UPDATE (second_factor) ON approvals FROM {ROLE}", database)
    with pytest.raises(Failure) as caught, open_store(granted).read() as on:
        rows(on, f"SELECT * FROM {table}")
    hint = caught.value.hint
    assert caught.value.code is Code.STORE_READ_ONLY
    assert f"GRANT {', '.join(PRIVILEGES[table])} ON {table} TO that user" in hint
    assert "OWNER" not in hint
    assert "ALL" not in hint.split()
    grant(postgres, database)


def test_a_role_that_may_make_no_tables_reads_who_can(postgres: Postgres) -> None:
    name = postgres.new_database("ENCODING 'UTF8' TEMPLATE template0")
    try:
        if not postgres.run(f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'"):
            postgres.run(f"CREATE ROLE {ROLE} LOGIN")
        postgres.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC", name)
        with pytest.raises(Failure) as caught:
            open_store(postgres.url(name, user=ROLE))
        assert "as the role that owns the tables" in caught.value.hint
    finally:
        postgres.drop(name)


@pytest.mark.parametrize(
    ("role", "named"), [("opsroom", "opsroom"), ("Ops Room", '"Ops Room"'), ('a"b', '"a""b"')]
)
def test_the_command_prints_them_for_any_role(
    role: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([role]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(line.startswith("GRANT ") and line.endswith(f" TO {named};") for line in lines)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET requester = 'x'",
        "DROP TABLE ledger",
        "DELETE FROM approvals",
        "DELETE FROM changes",
        "DELETE FROM ledger",
        "INSERT INTO archives SELECT 1, 1, '', '', '', '', '', '', '', '', '', 1",
        "DELETE FROM archives",
    ],
)
def test_they_are_not_enough_to_unmake_what_was_decided(granted: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(granted) as connection, pytest.raises(
        psycopg.errors.InsufficientPrivilege
    ):
        connection.execute(statement.encode())
