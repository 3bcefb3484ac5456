"""opsroom doctor: each part that is not well is named with its cure, and nothing is changed."""

from __future__ import annotations

import os
import shutil
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
import yaml

from opsroom import doctor as command
from opsroom.commands import KINDS, Context
from opsroom.commands.doctor import examine, installation
from opsroom.commands.doctor.findings import Finding, State, lines, message
from opsroom.config import load
from opsroom.errors import Code, Failure, Refusal
from opsroom.people import Speaker
from opsroom.stackstorm import client
from support.expectations import expect
from support.records.archived import archive, years
from support.records.stores import entry, fill, run
from support.worlds.world import World, git


def found(world: World, **changes: Any) -> Dict[str, Dict[str, Any]]:
    """What the doctor finds, by part."""
    world.config.update(changes)
    answer = world.ask("doctor", "alice")
    assert answer["code"] == "examined"
    assert answer["ok"] is (not answer["wrong"])
    return {one["part"]: one for one in answer["findings"]}


def test_what_is_well_is_fine(world):
    world.deploy("v1.0.0", "test", who="alice")
    parts = found(world, relays=["chatops_bot"], relay_keys={"chatops_bot": "k" * 40})
    assert parts["database"]["state"] == "fine"
    assert "3 records" in parts["database"]["text"]
    assert parts["disk"]["state"] == parts["clock"]["state"] == parts["relays"]["state"] == "fine"
    assert parts["web on test"]["text"] == "runs v1.0.0, and its deploy kind knows that version."
    assert parts["stackstorm"]["state"] == "unknown"


def test_nothing_is_changed_and_nothing_recorded(world):
    world.deploy("v1.0.0", "test", who="alice")
    before = world.records()
    found(world)
    assert world.records() == before


def test_a_version_that_cannot_be_deployed_again_is_doubtful(world):
    world.deploy("v1.0.0", "test", who="alice")
    git(world.folder / "repository", "tag", "-d", "v1.0.0")
    shutil.rmtree(world.folder / "srv" / "web" / ".mirror", ignore_errors=True)
    one = found(world)["web on test"]
    assert one["state"] == "doubtful"
    assert "runs v1.0.0, which its deploy kind does not know" in one["text"]


def test_a_repository_that_cannot_be_reached_is_wrong(world):
    world.deploy("v1.0.0", "test", who="alice")
    deploy = world.config["apps"]["web"]["deploy"]
    deploy["repository"] = f"file://{world.folder}/nowhere"
    one = found(world)["web on test"]
    assert one["state"] == "wrong"
    assert one["text"].startswith("runs v1.0.0, but: ")


def test_a_tracker_and_a_pager_that_do_not_answer_are_wrong(world):
    trello = {"kind": "trello", "key": "0123456789abcdef" * 2, "token": "t" * 64}
    trello.update(board="abcdef0123456789abcdef01", list="abcdef0123456789abcdef02")
    parts = found(
        world,
        trackers={"cards": {**trello, "url": "http://127.0.0.1:9", "time_limit": "2s"}},
        pagers={"desk": {"kind": "local"}},
        teams={"ops": {"page": ["desk"]}},
    )
    assert parts["tracker cards"]["state"] == "wrong"
    assert parts["pager desk"]["state"] in ("doubtful", "unknown", "fine")
    assert "t" * 64 not in str(parts)


def test_relays_that_hand_over_names_are_named(world):
    one = found(world, relays=["chatops_bot"])["relays"]
    expect(one, state="doubtful", cure="Install a script of relays/: docs/chat.md.")
    world.config["environments"]["uat"] = {"identity": "vouched"}
    assert found(world)["relays"]["state"] == "wrong"


@pytest.mark.databases("postgresql")
def test_a_missing_right_is_named(store, store_url, postgres):
    name = "runner_of_doctor"
    postgres.run(f"CREATE ROLE {name} LOGIN")
    database = store_url.partition("@/")[2].partition("?")[0]
    postgres.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}", database)
    findings = list(installation.database(context_of(postgres.url(database, name))))
    assert findings[0].state is State.WRONG
    assert "this user may not INSERT ledger" in findings[0].text
    postgres.run(f"DROP OWNED BY {name}", database)
    postgres.run(f"DROP ROLE {name}")


@pytest.mark.databases("postgresql")
def test_a_role_that_owns_the_record_is_doubtful(store, store_url):
    parts = {one.part: one for one in installation.database(context_of(store_url))}
    assert "owns the table of the record" in parts["record"].text


@pytest.mark.databases("sqlite")
def test_a_record_after_the_clock_and_events_that_wait_are_named(store, store_url):
    fill(store, entry())
    later = datetime.now(timezone.utc) + timedelta(hours=2)
    run(store, "DROP TRIGGER ledger_no_update")
    run(store, f"UPDATE ledger SET at = '{later.isoformat(timespec='microseconds')}'")
    run(
        store,
        "INSERT INTO news (event, source, trigger_name, payload, made_at, place, taken_until,"
        " sent_at) VALUES ('e', 's', 't', '{}', '2026-01-01T00:00:00', 1, '', '')",
    )
    parts = {one.part: one for one in installation.database(context_of(store_url))}
    assert (parts["record"].state, parts["sensors"].state) == (State.DOUBTFUL, State.WRONG)
    assert "1 events wait" in parts["sensors"].text


def test_a_database_that_is_not_there_is_not_made(tmp_path):
    (one,) = installation.database(context_of(f"sqlite:///{tmp_path}/none.db"))
    assert (one.state, list(tmp_path.iterdir())) == (State.UNKNOWN, [])


@pytest.mark.databases("sqlite")
def test_records_that_may_be_archived_are_named(store, store_url, tmp_path):
    years(store)
    archived = {"ledger": {"keep": "7y"}}
    parts = {one.part: one for one in installation.database(context_of(store_url, **archived))}
    assert parts["record"].state is State.DOUBTFUL
    assert "records are older than 20" in parts["record"].text
    assert "opsroom.archive make" in parts["record"].cure
    without = [one.text for one in installation.database(context_of(store_url))]
    assert not any("ledger.keep" in one for one in without)
    archive(store, tmp_path)
    after = [one.text for one in installation.database(context_of(store_url, **archived))]
    assert not any("ledger.keep" in one for one in after)


def context_of(url: str, **config: Any) -> Context:
    settings = load({"environments": {"test": {}}, "apps": {}, **config}, KINDS)
    nobody = Speaker("doctor", None, "", "", "", through_relay=False)
    return Context(settings=settings, speaker=nobody, database=url)


# StackStorm, by what its API shows.


def looks(answers: Dict[str, Any]) -> Callable[..., Any]:
    def look(path: str, **query: str) -> Any:
        answer = answers.get(path)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return look


@pytest.fixture
def everything() -> Dict[str, Any]:
    folder = Path(__file__).resolve().parents[4] / "aliases"
    names = [yaml.safe_load(one.read_text("utf-8"))["name"] for one in folder.glob("*.yaml")]
    return {
        "/rules/chatops.notify": {"enabled": True},
        "/actionalias": [{"name": one, "enabled": True} for one in names],
        "/rbac/role_assignments": [{"role": "opsroom_relay"}],
        "/sensortypes": [
            {"name": "Versions", "enabled": True},
            {"name": "Pages", "enabled": False},
        ],
    }


def of_stackstorm(answers: Dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Dict[str, Finding]:
    class Api:
        look = staticmethod(looks(answers))

    monkeypatch.setenv("ST2_ACTION_API_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setattr(client, "here", lambda **options: Api)
    found = installation.stackstorm(context_of("sqlite:////nowhere/none.db"))
    return {one.part: one for one in found}


def test_a_stackstorm_with_all_that_chat_needs_is_fine(everything, monkeypatch):
    parts = of_stackstorm(everything, monkeypatch)
    assert {one.state for one in parts.values()} == {State.FINE}
    assert parts["sensors"].text == "1 of 2 are enabled; off: Pages."


RULE, ROLES = "/rules/chatops.notify", "/rbac/role_assignments"
RULE_PART, ROLES_PART = "rule chatops.notify", "roles of chatops_bot"
HIDDEN = Failure(Code.UNAUTHORIZED, "No.")


@pytest.mark.parametrize(
    ("path", "answer", "part", "state", "text"),
    [
        (RULE, None, RULE_PART, State.WRONG, "no such rule"),
        (RULE, {"enabled": False}, RULE_PART, State.WRONG, "disabled"),
        ("/actionalias", [], "aliases", State.WRONG, "does not have ack_page, "),
        (ROLES, [], ROLES_PART, State.WRONG, "it has none"),
        (ROLES, [{"role": "admin"}], ROLES_PART, State.DOUBTFUL, "may do anything"),
        (ROLES, HIDDEN, ROLES_PART, State.UNKNOWN, "may not see it"),
    ],
)
def test_what_chat_lacks_in_stackstorm_is_named(
    everything, monkeypatch, path, answer, part, state, text
):
    found = of_stackstorm({**everything, path: answer}, monkeypatch)[part]
    assert found.state is state
    assert text in found.text


# What is shown.


def test_an_examination_that_fails_is_a_finding_and_stops_no_other():
    def fails() -> Any:
        raise Failure(Code.UNREACHABLE, "jira is unreachable.", "Look at trackers.jira.url.")

    def refuses() -> Any:
        raise Refusal(Code.NOT_POSSIBLE, "It cannot be asked.", "")

    def defect() -> Any:
        raise KeyError("x")

    found = examine(
        {"a": fails, "b": refuses, "c": lambda: iter([Finding("c", State.FINE, "ok")]), "d": defect}
    )
    assert [(one.part, one.state) for one in found][:3] == [
        ("a", State.WRONG),
        ("b", State.UNKNOWN),
        ("c", State.FINE),
    ]
    assert found[3].state is State.WRONG


def test_the_room_reads_what_is_wrong_first_and_how_much_more_there_is():
    findings: List[Finding] = [Finding("db", State.FINE, "ok"), Finding("x", State.UNKNOWN, "?")]
    findings += [
        Finding(f"part{number}", State.DOUBTFUL, "something that is not right at all " * 4)
        for number in range(9)
    ]
    findings.append(Finding("jira", State.WRONG, "refused the token.", "Make a new one."))
    text = message(findings, "execution 1")
    first, second = text.splitlines()[:2]
    assert first == "1 of 12 parts are fine, 1 cannot be asked."
    assert second == "wrong: jira: refused the token. Make a new one."
    assert text.splitlines()[-1].endswith("more: execution 1")
    assert len(text) <= 400
    assert len(text.splitlines()) <= 8


def test_a_terminal_reads_every_part_with_its_cure():
    shown = lines([Finding("db", State.FINE, "ok"), Finding("jira", State.WRONG, "no", "yes")])
    assert shown == ["wrong     jira  no", "                -> yes", "fine      db    ok"]


# The command line.


def test_the_command_line_looks_at_a_file_and_makes_no_database(tmp_path, capsys, monkeypatch):
    file = tmp_path / "opsroom.yaml"
    file.write_text(yaml.safe_dump({"environments": {"test": {}}, "apps": {}}))
    url = f"sqlite:///{tmp_path}/none.db"
    status = command.main([str(file), "--database", url])
    out = capsys.readouterr().out
    assert "does not exist yet" in out
    assert status in (0, 1)
    assert os.listdir(tmp_path) == ["opsroom.yaml"]


def test_what_a_database_will_hold_is_not_wrong_before_it_is_made(tmp_path, capsys, monkeypatch):
    file = tmp_path / "opsroom.yaml"
    file.write_text(
        "environments: {test: {}}\ntrackers: {board: {kind: local}}\n"
        "pagers: {log: {kind: local, on_call: {web-team: alice}}}\n"
        "teams: {web-team: {page: [log]}}\n"
    )
    monkeypatch.delenv("OPSROOM_DATABASE", raising=False)
    assert command.main([str(file), "--database", f"sqlite:///{tmp_path}/none.db"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("it is kept in the database, which the first command makes.") == 2
    assert not (tmp_path / "none.db").exists()


def test_the_command_line_says_what_is_wrong_with_the_file(tmp_path, capsys):
    file = tmp_path / "opsroom.yaml"
    file.write_text("environments: 3\n")
    assert command.main([str(file)]) == 2
    assert "is refused" in capsys.readouterr().out


def test_values_of_the_datastore_are_for_stackstorm(tmp_path, capsys):
    file = tmp_path / "opsroom.yaml"
    config = {"database": "{{ st2kv.system.db }}", "environments": {"test": {}}, "apps": {}}
    file.write_text(yaml.safe_dump(config))
    assert command.main([str(file)]) == 2
    assert "st2 run opsroom.doctor" in capsys.readouterr().out


def test_the_owner_of_the_database_examines(tmp_path, capsys, monkeypatch):
    file, database = tmp_path / "opsroom.yaml", tmp_path / "opsroom.db"
    file.write_text(yaml.safe_dump({"environments": {"test": {}}, "apps": {}}))
    database.touch()
    monkeypatch.setattr(os, "geteuid", lambda: database.stat().st_uid + 1)
    assert command.main([str(file), "--database", f"sqlite:///{database}"]) == 2
    assert f"run this as its owner, sudo -u '#{database.stat().st_uid}'" in capsys.readouterr().out


def test_the_command_line_shows_no_secret_of_the_config(tmp_path, capsys, monkeypatch):
    file, token = tmp_path / "opsroom.yaml", "s3cr3t-0f-a-tracker-00000000000001"
    trello = {"kind": "trello", "key": "0123456789abcdef" * 2, "token": token}
    trello.update(board="abcdef0123456789abcdef01", list="abcdef0123456789abcdef02")
    file.write_text(
        yaml.safe_dump({"environments": {"test": {}}, "apps": {}, "trackers": {"cards": trello}})
    )
    wrong = Finding("tracker cards", State.WRONG, f"GET /1/?token={token} failed")
    monkeypatch.setattr(command, "examine", lambda _: [wrong])
    assert command.main([str(file), "--database", f"sqlite:///{tmp_path}/none.db"]) == 1
    out = capsys.readouterr().out
    assert "tracker cards" in out
    assert token not in out


def test_what_waits_behind_those_that_hang_is_not_called_wrong(monkeypatch):
    release = threading.Event()

    def hang():
        release.wait(60)
        return iter(())

    monkeypatch.setattr("opsroom.commands.doctor.TOGETHER", 0.3)
    monkeypatch.setattr("opsroom.commands.doctor._AT_ONCE", 2)
    try:
        found = examine({"one": hang, "two": hang, "three": lambda: iter(())})
    finally:
        release.set()
    assert [one.state for one in found] == [State.WRONG, State.WRONG, State.UNKNOWN]
    assert found[2].text.startswith("it was not asked")
