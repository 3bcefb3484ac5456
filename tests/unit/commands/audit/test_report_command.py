"""audit report: the answer and the files."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any, Dict

import pytest

from support.expectations import expect
from support.records.audits import EXECUTION, SLUG, TITLE, report, tamper
from support.servers.http import HttpServer, Reply
from support.worlds.guarded import code_of, guarded_world, let_time_run_out, wait_for
from support.worlds.world import World


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
        expect(told, ok=False, code="record_broken")
        assert "NOT complete: Record 2 was changed or put in by hand" in told["message"]
        assert "Record 2 was changed" in Path(told["path"]).read_text("utf-8")

    def test_what_was_changed_by_hand_on_the_server_is_told(self, used: World) -> None:
        place = used.folder / "srv" / "web" / "uat"
        hand = place / "v1.0.5"
        hand.mkdir()
        (hand / "VERSION").write_text("v1.0.5\n")
        (place / "next").symlink_to(hand)
        os.replace(place / "next", place / "current")
        used.deploy("v1.2.0")
        told = report(used)
        expect(told, ok=False, code="record_incomplete")
        gap = "web on uat ran v1.1.0 after the deploy by alice, but v1.0.5 when alice began"
        assert gap in told["gaps"][0]["message"]

    def test_a_long_gist_never_cuts_the_path(self, used: World) -> None:
        tamper(used, "DELETE FROM ledger WHERE seq = 2")
        tamper(used, f"UPDATE ledger SET requester = '{'x' * 300}'")
        told = report(used)
        assert len(told["message"]) <= 400
        assert told["message"].endswith(f"Report: {told['path']}")

    def test_a_deployment_whose_runner_died_is_settled_first(self, used: World) -> None:
        died_at = "opsroom.deploys.git.deployer:GitDeployer.deploy:before"
        used.spawn_deploy("v1.2.0", died_at).wait()
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

    def test_links_lead_to_stackstorm(self, used: World, monkeypatch: pytest.MonkeyPatch) -> None:
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
        expect(world.ask("approve_change", "carol", change=change, code=code_of()), code="deployed")
        world.ask("reject_change", "dave", change=wait_for(world, "v1.1.0"), reason="not today")
        let_time_run_out(world, wait_for(world, "v1.1.0"))
        wait_for(world, "v1.2.0")
        emergency = world.emergency("v1.1.0")
        assert emergency["code"] == "deployed", emergency
        told = report(world, environment="production", format="json")
        assert told["code"] == "audit_report", told["message"]
        assert "1 override (not reviewed)" in told["message"]
        world.ask("review_change", "dave",
        change=json.loads(Path(told["path"]).read_text())["changes"][1]["change"],
                  text="it was right")  # fmt: skip
        told = report(world, environment="production", format="json")
        assert told["ok"] is True, told["message"]
        return json.loads(Path(told["path"]).read_text("utf-8"))

    def test_an_approved_change_shows_who_asked_and_approved(self, month: Dict[str, Any]) -> None:
        approved = month["changes"][0]
        expect(approved, asked_by="alice", ending="succeeded", needed=1)
        assert [(one["by"], one["second_factor"]) for one in approved["approvals"]] == [
            ("carol", True)
        ]
        assert "v1.0.0" in approved["plan"]
        expect(approved, version="v1.0.0", verified=True)
        assert len(approved["change"]) >= 4

    def test_an_emergency_shows_its_reason_and_its_review(self, month: Dict[str, Any]) -> None:
        emergency = month["changes"][1]
        expect(emergency, version_before="v1.0.0", version="v1.1.0")
        assert emergency["override"]["text"] == "checkout is down"
        assert "approval" in emergency["override"]["passed"]
        expect(emergency["review"], by="dave", text="it was right")
        assert month["exceptions"] == []

    def test_what_was_not_carried_out_tells_why(self, month: Dict[str, Any]) -> None:
        assert [(one["ending"], one["version"]) for one in month["attempts"]] == [
            ("rejected", "v1.1.0"), ("expired", "v1.1.0"), ("waiting", "v1.2.0"),
        ]  # fmt: skip
        expect(month["attempts"][0]["rejection"], by="dave", text="not today")

    def test_a_rollback_joins_up_and_its_lock_is_told(self, used: World) -> None:
        used.ask("rollback", app="web", environment="uat")
        told = report(used, format="json")
        found = json.loads(Path(told["path"]).read_text("utf-8"))
        assert told["ok"] is True
        assert [one["command"] for one in found["changes"]] == ["deploy", "deploy", "rollback"]
        assert [(one["app"], one["environment"], one["until"]) for one in found["locks"]] == [
            ("web", "uat", None)
        ]
