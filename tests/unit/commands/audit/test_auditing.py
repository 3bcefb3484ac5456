"""The audit from the room and from the command line: reports, the chain, noted hashes, and
StackStorm's history."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.audit.heads import read_heads
from opsroom.db.store import open_store
from opsroom.stackstorm.history import PAGE
from support.guarded import code_of, guarded_world, let_time_run_out, wait_for
from support.http_server import HttpServer, Reply, Request
from support.stores import open_gates, rows, run
from support.world import ROOT, World, make_world

# A period that is never over while the tests run: one of a day would be, at midnight.
ALWAYS = {"since": "2000", "until": "2099"}
TITLE = "2000 to 2099"
SLUG = "2000-to-2099"
EXECUTION = "5f0000000000000000000001"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


@pytest.fixture
def used(world: World) -> World:
    """Two deployments, one refusal."""
    world.ask("deploy", app="web", version="v1.0.0", environment="uat")
    world.ask("deploy", app="web", version="v1.1.0", environment="uat")
    world.ask("deploy", "mallory", app="web", version="v1.1.0", environment="production")
    return world


def report(world: World, **given: Any) -> Any:
    return world.ask("audit_report", **{**ALWAYS, "format": "html", **given})


def verify(world: World, **given: Any) -> Any:
    return world.ask("audit_verify", **{"record": 0, "keep": False, **given})


def path_of(world: World) -> str:
    return world.database.partition(":///")[2]


def tamper(world: World, statement: str) -> None:
    store = open_store(world.database)
    if rows(store, "SELECT count(*) FROM sqlite_master WHERE name = 'ledger_no_update'")[0][0]:
        open_gates(store)
    run(store, statement)


class TestReport:
    def test_the_room_reads_the_gist_and_the_path(self, used: World) -> None:
        told = report(used)
        path = used.folder / "db" / "audit" / f"{SLUG}.html"
        assert told["ok"] is True
        assert told["code"] == "audit_report"
        assert told["message"] == (
            f"{TITLE}, all environments: 2 changes, 2 succeeded. Complete.\nReport: {path}"
        )
        assert told["sha256"] == sha256(path.read_bytes()).hexdigest()
        assert "Changes to all environments" in path.read_text("utf-8")

    def test_for_one_environment_and_in_another_format(self, used: World) -> None:
        told = report(used, environment="Production", format="json")
        assert told["path"].endswith(f"{SLUG}-production.json")
        found = json.loads(Path(told["path"]).read_text("utf-8"))
        assert (found["changes"], [one["asked_by"] for one in found["attempts"]]) == (
            [],
            ["mallory (unknown here)"],
        )

    def test_a_broken_record_fails_and_still_has_its_report(self, used: World) -> None:
        tamper(used, "UPDATE ledger SET requester = 'bob' WHERE seq = 2")
        told = report(used)
        assert (told["ok"], told["code"]) == (False, "record_broken")
        assert "NOT complete: Record 2 was changed or put in by hand" in told["message"]
        assert "Record 2 was changed" in Path(told["path"]).read_text("utf-8")

    def test_what_was_changed_by_hand_on_the_server_is_told(self, used: World) -> None:
        place = used.folder / "srv" / "web" / "uat"
        hand = place / "v1.0.5"
        hand.mkdir()
        (hand / "VERSION").write_text("v1.0.5\n")
        (place / "next").symlink_to(hand)
        os.replace(place / "next", place / "current")
        used.ask("deploy", app="web", version="v1.2.0", environment="uat")
        told = report(used)
        assert (told["ok"], told["code"]) == (False, "record_incomplete")
        gap = "web on uat ran v1.1.0 after the deploy by alice, but v1.0.5 when alice began"
        assert gap in told["gaps"][0]["message"]

    def test_a_long_gist_never_cuts_the_path(self, used: World) -> None:
        tamper(used, "DELETE FROM ledger WHERE seq = 2")
        tamper(used, f"UPDATE ledger SET requester = '{'x' * 300}'")
        told = report(used)
        assert len(told["message"]) <= 400
        assert told["message"].endswith(f"Report: {told['path']}")

    def test_a_deployment_whose_runner_died_is_settled_first(self, used: World) -> None:
        dead = used.spawn("deploy", die_at="opsroom.deploys.git.deployer:GitDeployer.deploy:before",
        app="web",
                          version="v1.2.0", environment="uat", redeploy=False)  # fmt: skip
        dead.wait()
        used.let_leases_run_out()
        told = report(used, format="json")
        assert told["ok"] is True, told["message"]
        found = json.loads(Path(told["path"]).read_text("utf-8"))
        assert [one["ending"] for one in found["changes"]] == [
            "succeeded",
            "succeeded",
            "interrupted",
        ]

    @pytest.mark.parametrize(("given", "code"), [
        ({"since": "soon"}, "invalid_time"), ({"environment": "prod"}, "unknown_environment"),
    ])  # fmt: skip
    def test_what_was_not_understood_writes_nothing(
        self, used: World, given: Dict[str, str], code: str
    ) -> None:
        assert report(used, **given)["code"] == code
        assert not (used.folder / "db" / "audit").exists()

    def test_links_lead_where_stackstorm_says_that_executions_are(
        self, used: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with HttpServer() as server:
            address = f"https://st2.example.com/#/history/{EXECUTION}/general"
            server.on(f"/v1/executions/{EXECUTION}", Reply(body=json.dumps({"web_url": address})))
            monkeypatch.setenv("ST2_ACTION_API_URL", server.url("/v1"))
            told = report(used, format="json")
        found = json.loads(Path(told["path"]).read_text("utf-8"))
        assert found["changes"][0]["execution_links"] == [address]


class TestGuarded:
    """What the commands that guard production really leave in the record, as an auditor reads
    it."""

    @pytest.fixture
    def month(self, tmp_path: Path) -> Dict[str, Any]:
        """An approved change, a rejected, an expired, one that waits, an emergency and a rollback;
        as JSON."""
        world = guarded_world(tmp_path, emergency=["carol"])
        change = wait_for(world, "v1.0.0")
        world.ask("approve_change", "alice2", change=change)
        assert (
            world.ask("approve_change", "carol", change=change, code=code_of())["code"]
            == "deployed"
        )
        world.ask("reject_change", "dave", change=wait_for(world, "v1.1.0"), reason="not today")
        let_time_run_out(world, wait_for(world, "v1.1.0"))
        wait_for(world, "v1.2.0")
        given = {
            "app": "web",
            "environment": "production",
            "version": "v1.1.0",
            "reason": "checkout is down",
        }
        emergency = world.ask("emergency_deploy", "carol", **given)
        assert emergency["code"] == "deployed", emergency
        told = report(world, environment="production", format="json")
        assert told["code"] == "audit_report", told["message"]
        assert "1 override (not reviewed)" in told["message"]
        world.ask("review_change", "dave",
        change=json.loads(Path(told["path"]).read_text())["changes"][1]["change"],
                  text="it was right")  # fmt: skip
        told = report(world, environment="production", format="json")
        assert told["ok"] is True, told["message"]
        found: Dict[str, Any] = json.loads(Path(told["path"]).read_text("utf-8"))
        return found

    def test_an_approved_change_tells_who_asked_who_approved_and_what_was_shown(
        self, month: Dict[str, Any]
    ) -> None:
        approved = month["changes"][0]
        assert (approved["asked_by"], approved["ending"], approved["needed"]) == (
            "alice",
            "succeeded",
            1,
        )
        assert [(one["by"], one["second_factor"]) for one in approved["approvals"]] == [
            ("carol", True)
        ]
        assert "v1.0.0" in approved["plan"]
        assert (approved["version"], approved["verified"]) == ("v1.0.0", True)
        assert len(approved["change"]) >= 4

    def test_an_emergency_tells_its_reason_what_it_passed_and_who_reviewed_it(
        self, month: Dict[str, Any]
    ) -> None:
        emergency = month["changes"][1]
        assert (emergency["version_before"], emergency["version"]) == ("v1.0.0", "v1.1.0")
        assert emergency["override"]["text"] == "checkout is down"
        assert "approval" in emergency["override"]["passed"]
        assert (emergency["review"]["by"], emergency["review"]["text"]) == ("dave", "it was right")
        assert month["exceptions"] == []

    def test_what_was_not_carried_out_tells_why(self, month: Dict[str, Any]) -> None:
        assert [(one["ending"], one["version"]) for one in month["attempts"]] == [
            ("rejected", "v1.1.0"), ("expired", "v1.1.0"), ("waiting", "v1.2.0"),
        ]  # fmt: skip
        rejection = month["attempts"][0]["rejection"]
        assert (rejection["by"], rejection["text"]) == ("dave", "not today")

    def test_a_rollback_joins_up_and_its_lock_is_told(self, used: World) -> None:
        used.ask("rollback", app="web", environment="uat")
        told = report(used, format="json")
        found = json.loads(Path(told["path"]).read_text("utf-8"))
        assert told["ok"] is True
        assert [one["command"] for one in found["changes"]] == ["deploy", "deploy", "rollback"]
        assert [(one["app"], one["environment"], one["until"]) for one in found["locks"]] == [
            ("web", "uat", None)
        ]


class TestVerify:
    def test_it_tells_the_newest_hash(self, used: World) -> None:
        told = verify(used)
        newest = used.records()[-1]
        assert (told["ok"], told["code"]) == (True, "record_holds")
        assert (told["head"], told["head_hash"]) == (newest.seq, newest.hash)
        assert f"record {newest.seq}, {newest.hash}" in told["message"]

    def test_an_empty_record_holds_nothing(self, world: World) -> None:
        assert verify(world)["message"] == "The record is empty; there is nothing to verify."

    def test_a_changed_record_is_named(self, used: World) -> None:
        tamper(used, "UPDATE ledger SET requester = 'bob' WHERE seq = 3")
        told = verify(used)
        assert (told["ok"], told["code"]) == (False, "record_broken")
        assert told["message"].startswith(
            "The record is BROKEN: Record 3 was changed or put in by hand"
        )
        assert told["breaks"][0]["record"] == 3

    def test_an_end_that_was_cut_off_is_found_by_a_hash_that_was_kept(self, used: World) -> None:
        verify(used, keep=True)
        assert "1 noted hash with it" in verify(used)["message"]
        newest = used.records()[-1]
        tamper(used, f"DELETE FROM ledger WHERE seq = {newest.seq}")
        told = verify(used)
        assert told["code"] == "record_broken"
        assert f"Record {newest.seq}, whose hash was noted on " in told["message"]
        assert "is gone" in told["message"]

    def test_a_chain_made_anew_is_found_by_a_hash_noted_elsewhere(self, used: World) -> None:
        noted = used.records()[2]
        assert verify(used, head=noted.hash.upper(), record=noted.seq)["ok"] is True
        assert verify(used, head=noted.hash)["ok"] is True
        assert verify(used, head=noted.hash, record=1)["ok"] is False
        assert "No record has the hash" in verify(used, head="0" * 64)["message"]

    @pytest.mark.parametrize("head", ["abc", "g" * 64, "f" * 63])
    def test_what_is_no_hash_is_refused(self, used: World, head: str) -> None:
        assert verify(used, head=head)["code"] == "invalid_name"

    def test_the_same_hash_is_kept_once_and_a_broken_record_never(self, used: World) -> None:
        file = Path(verify(used, keep=True)["heads_file"])
        assert file.parent == used.folder / "db" / "audit"
        verify(used, keep=True)
        assert file.read_text().splitlines()[0] == f"# hashes of the database file {path_of(used)}"
        assert len(read_heads(file)) == 1
        used.ask("deploy", app="web", version="v1.2.0", environment="uat")
        verify(used, keep=True)
        assert len(read_heads(file)) == 2
        tamper(used, "UPDATE ledger SET requester = 'bob' WHERE seq = 3")
        used.ask("deploy", app="web", version="v1.1.0", environment="uat")
        verify(used, keep=True)
        assert len(read_heads(file)) == 2


class TestHeadsOfSeveralDatabases:
    def other(self, used: World) -> World:
        """The same world with another database in the same folder."""
        other = replace(used, database=used.database.replace("opsroom.db", "other.db"))
        other.ask("deploy", app="web", version="v1.2.0", environment="test")
        return other

    def test_each_has_its_own_and_neither_is_taken_for_a_break_of_the_other(
        self, used: World
    ) -> None:
        other = self.other(used)
        files = {verify(one, keep=True)["heads_file"] for one in (used, other)}
        assert len(files) == 2
        for one in (used, other):
            told = verify(one)
            assert (told["ok"], told["heads_compared"]) == (True, 1)

    def test_the_file_that_they_shared_is_divided(self, used: World) -> None:
        other = self.other(used)
        shared = used.folder / "db" / "audit" / "heads.txt"
        shared.parent.mkdir()
        noted = [used.records()[0], other.records()[0], used.records()[-1], other.records()[-1]]
        lines = [f"2026-11-23T08:00:00Z {one.seq} {one.hash}" for one in noted]
        shared.write_text("\n".join(lines) + "\n")
        # What is not in this record may be another's: it is told, not forgotten.
        told = verify(used)
        assert (told["ok"], told["heads_compared"], told["broken"]) == (False, 2, 2)
        assert "the hash is another database's" in told["message"]
        assert shared.read_text().splitlines() == [lines[1], lines[3]]
        assert verify(other)["ok"] is True
        assert not shared.exists()
        for one in (used, other):
            told = verify(one)
            assert (told["ok"], told["heads_compared"]) == (True, 2)
        assert [one.record for one in read_heads(Path(verify(used)["heads_file"]))] == [
            1,
            used.records()[-1].seq,
        ]

    def test_a_file_of_one_database_is_upgraded_in_place_and_still_finds_a_break(
        self, used: World
    ) -> None:
        shared = used.folder / "db" / "audit" / "heads.txt"
        shared.parent.mkdir()
        newest = used.records()[-1]
        shared.write_text(f"2026-11-23T08:00:00Z {newest.seq} {newest.hash}\n")
        assert verify(used)["heads_compared"] == 1
        assert not shared.exists()
        tamper(used, f"DELETE FROM ledger WHERE seq = {newest.seq}")
        assert verify(used)["ok"] is False

    def test_a_record_that_was_changed_before_the_upgrade_is_still_found(self, used: World) -> None:
        shared = used.folder / "db" / "audit" / "heads.txt"
        shared.parent.mkdir()
        newest = used.records()[-1]
        shared.write_text(f"2026-11-23T08:00:00Z {newest.seq} {newest.hash}\n")
        tamper(used, f"DELETE FROM ledger WHERE seq = {newest.seq}")
        assert verify(used)["ok"] is False
        assert verify(used, keep=True)["ok"] is False
        assert shared.exists()


class TestAnnounce:
    def test_the_head_goes_into_the_announce_room_and_into_the_file(self, used: World) -> None:
        used.config["announce"] = "#deploys"
        told = used.ask("announce_head", "st2", "", "st2")
        assert told["ok"] is True
        assert used.room.said == [told["message"]]
        assert used.records()[-1].hash in used.room.said[0]
        assert len(read_heads(Path(told["heads_file"]))) == 1

    def test_a_broken_record_is_announced_too(self, used: World) -> None:
        used.config["announce"] = "#deploys"
        tamper(used, "UPDATE ledger SET requester = 'bob' WHERE seq = 3")
        assert used.ask("announce_head", "st2", "", "st2")["ok"] is False
        assert "BROKEN" in used.room.said[0]

    def test_without_a_room_it_says_what_is_missing(self, used: World) -> None:
        assert used.ask("announce_head", "st2", "", "st2")["code"] == "not_configured"
        assert used.room.said == []


class StackStorm:
    """As much of StackStorm's API as a comparison asks for: pages of executions, oldest first with
    sort_asc."""

    def __init__(self, server: HttpServer, executions: List[Dict[str, Any]]) -> None:
        self.executions = executions
        server.on("/v1/executions", self._list)
        for one in executions:
            server.on(f"/v1/executions/{one['id']}", Reply(body=json.dumps(one)))

    def _list(self, request: Request) -> Reply:
        query = {name: values[0] for name, values in request.query.items()}
        assert int(query["limit"]) <= PAGE, "StackStorm refuses more to who is no administrator"
        found = sorted(
            self.executions, key=lambda one: one["start_timestamp"], reverse="sort_asc" not in query
        )
        if "action" in query:
            found = [one for one in found if one["action"]["ref"] == query["action"]]
            found = [
                one
                for one in found
                if query["timestamp_gt"] < one["start_timestamp"] < query["timestamp_lt"]
            ]
        start = int(query.get("offset", 0))
        return Reply(body=json.dumps(found[start : start + int(query["limit"])]))


def execution(
    number: str, action: str = "deploy", at: str = "2020-01-01T00:00:01.000000Z", **more: Any
) -> Dict[str, Any]:
    context = {"user": "chatops_bot", "api_user": "alice"}
    return {"id": number, "action": {"ref": f"opsroom.{action}"}, "status": "succeeded",
    "start_timestamp": at,
            "context": context, **more}  # fmt: skip


class TestReconcile:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        with HttpServer() as server:
            monkeypatch.setenv("ST2_ACTION_API_URL", server.url("/v1"))
            monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", "token-of-this-execution")
            yield server

    def test_both_have_the_same(self, used: World, server: HttpServer) -> None:
        StackStorm(server, [execution(EXECUTION, at="1999-12-31T23:59:59.000000Z")])
        told = used.ask("reconcile", **ALWAYS)
        assert (told["ok"], told["code"]) == (True, "reconciled")
        assert (
            told["message"]
            == f"{TITLE}: the record and StackStorm's history have the same 1 executions."
        )
        assert server.requests[0].headers["x-auth-token"] == "token-of-this-execution"

    def test_an_execution_that_left_no_record_is_named(
        self, used: World, server: HttpServer
    ) -> None:
        StackStorm(server, [
            execution(EXECUTION, at="2026-01-01T00:00:00.000000Z"),
            execution("5f00000000000000000000aa", "rollback", status="failed"),
            execution("5f00000000000000000000ab", status="running"),
            execution("5f00000000000000000000ac", "get_history"),
        ])  # fmt: skip
        told = used.ask("reconcile", **ALWAYS)
        assert (told["ok"], told["code"]) == (False, "record_incomplete")
        assert [one["execution"] for one in told["only_in_stackstorm"]] == [
            "5f00000000000000000000aa"
        ]
        assert (
            "1 only in StackStorm, first 5f00000000000000000000aa (opsroom.rollback by alice, "
            "failed)" in (told["message"])
        )

    def test_a_record_whose_execution_stackstorm_does_not_have_is_named(
        self, used: World, server: HttpServer
    ) -> None:
        StackStorm(
            server,
            [execution("5f00000000000000000000bb", "core.local", at="2026-01-01T00:00:00.000000Z")],
        )
        told = used.ask("reconcile", **ALWAYS)
        assert told["ok"] is False
        assert [(one["execution"], one["record"]) for one in told["only_in_the_record"]] == [
            (EXECUTION, 1)
        ]

    def test_what_is_older_than_stackstorms_history_is_counted_and_not_missing(
        self, used: World, server: HttpServer
    ) -> None:
        StackStorm(
            server,
            [execution("5f00000000000000000000bb", "plan", at="2099-01-01T00:00:00.000000Z")],
        )
        told = used.ask("reconcile", **ALWAYS)
        assert told["ok"] is True
        assert told["too_old"] == 1
        assert (
            "history begins 2099-01-01 00:00 UTC; 1 older executions could not be compared"
            in told["message"]
        )

    def test_more_than_a_page_is_read_to_its_end(self, used: World, server: HttpServer) -> None:
        many = [execution(f"5e{number:022x}", status="failed") for number in range(PAGE + 3)]
        StackStorm(server, [*many, execution(EXECUTION)])
        told = used.ask("reconcile", **ALWAYS)
        assert len(told["only_in_stackstorm"]) == PAGE + 3

    def test_without_the_right_it_says_which_one_is_missing(
        self, used: World, server: HttpServer
    ) -> None:
        server.on("/v1/executions", Reply(status=403, body="{}"))
        told = used.ask("reconcile", **ALWAYS)
        assert told["code"] == "unauthorized"
        assert "execution_list" in told["hint"]

    def test_outside_of_stackstorm_there_is_nothing_to_compare(
        self, used: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("ST2_ACTION_API_URL", raising=False)
        assert used.ask("reconcile", **ALWAYS)["code"] == "not_configured"


class TestCommandLine:
    def call(self, world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PYTHONPATH": str(ROOT / "actions" / "lib")}
        command = [sys.executable, "-m", "opsroom.audit", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=world.folder, env=environ, timeout=60
        )

    def test_a_report_is_written_and_ends_with_nought(self, used: World) -> None:
        done = self.call(
            used,
            "report",
            "--database",
            f"{used.database}?mode=ro",
            "--since",
            "2000",
            "--until",
            "2099",
            "--format",
            "json",
            "--folder",
            "out",
            "--web",
            "https://st2.example.com/",
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert (
            done.stdout
            == f"{TITLE}, all environments: 2 changes, 2 succeeded. Complete.\nout/{SLUG}.json\n"
        )
        found = json.loads((used.folder / "out" / f"{SLUG}.json").read_text("utf-8"))
        assert found["changes"][0]["execution_links"] == [
            f"https://st2.example.com/#/history/{EXECUTION}/general"
        ]

    def test_a_broken_record_ends_with_one(self, used: World) -> None:
        tamper(used, "UPDATE ledger SET requester = 'bob' WHERE seq = 2")
        done = self.call(
            used,
            "report",
            "--database",
            used.database,
            "--since",
            "2000",
            "--until",
            "2099",
            "--folder",
            "-",
        )
        assert done.returncode == 1
        assert "NOT complete: Record 2" in done.stderr
        assert done.stdout.startswith("<!doctype html>")
        done = self.call(used, "verify", "--database", used.database)
        assert done.returncode == 1
        assert "Record 2 was changed" in done.stdout

    def test_heads_are_kept_in_a_file_and_verified_against(self, used: World) -> None:
        newest = used.records()[-1]
        for _ in range(2):
            done = self.call(
                used, "verify", "--database", used.database, "--heads", "heads.txt", "--keep"
            )
            assert (done.returncode, done.stderr) == (0, "")
        assert "1 noted hashes compared" in done.stdout
        other = used.database.replace("opsroom.db", "other.db")
        replace(used, database=other).ask("deploy", app="web", version="v1.2.0", environment="test")
        own = self.call(used, "verify", "--database", other, "--keep", "--heads", "empty.txt")
        assert own.returncode == 0
        refused = self.call(
            used, "verify", "--database", used.database, "--heads", "empty.txt", "--keep"
        )
        assert refused.returncode != 0
        tamper(used, f"DELETE FROM ledger WHERE seq = {newest.seq}")
        done = self.call(used, "verify", "--database", used.database, "--heads", "heads.txt")
        assert done.returncode == 1
        assert f"Record {newest.seq}, whose hash was noted" in done.stdout
        done = self.call(used, "verify", "--database", used.database, "--head", newest.hash)
        assert done.returncode == 1

    @pytest.mark.parametrize("arguments", [
        ["verify", "--database", "mysql://db.example.com/x"],
        ["verify", "--database", "sqlite:////nowhere/at/all.db?mode=ro"],
        ["report", "--database", "sqlite:///x.db", "--since", "soon"],
        ["report"],
    ])  # fmt: skip
    def test_what_cannot_be_found_out_ends_with_two(
        self, world: World, arguments: List[str]
    ) -> None:
        done = self.call(world, *arguments)
        assert done.returncode == 2
        assert done.stderr
        assert "Traceback" not in done.stderr
