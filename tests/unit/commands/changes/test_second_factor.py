"""Confirmation, one-time codes, and emergency deployments."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List

import pytest

from support.expectations import expect
from support.worlds.guarded import (
    approvals_in,
    approve,
    code_of,
    guarded_world,
    let_time_run_out,
    reject,
    review,
    wait_for,
)
from support.worlds.world import World


class TestConfirmation:
    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        world = guarded_world(tmp_path)
        world.config["environments"]["production"] = {
            "confirm_within": "60s",
            "deployers": ["alice", "bob"],
        }
        return world

    def test_the_requester_repeats_it_with_the_id_and_it_is_deployed(self, world: World) -> None:
        answer = world.deploy("v1.1.0", "production")
        change = answer["change"]
        assert answer["code"] == "confirm"
        assert f"from #dev: confirm change {change}" in answer["message"]
        assert world.running("production") == ""
        done = world.ask("confirm_change", "alice2", change=change)
        assert done["code"] == "deployed"
        assert done["message"].startswith("alice deployed web v1.1.0 to production")
        assert world.events() == ["asked", "waiting", "confirmed", "started", "succeeded"]
        assert world.ask("confirm_change", "alice", change=change)["code"] == "change_closed"

    @pytest.mark.parametrize(
        ("who", "more", "code"),
        [
            ("bob", {}, "not_allowed"),
            ("ghost", {}, "not_allowed"),
            ("alice", {"room": "#other"}, "wrong_room"),
            ("alice", {"user": "alice"}, "wrong_room"),
            ("alice", {"user": "mallory"}, "not_allowed"),
        ],
    )
    def test_nobody_else_and_from_nowhere_else(
        self, world: World, who: str, more: Dict[str, str], code: str
    ) -> None:
        change = wait_for(world)
        assert world.ask("confirm_change", who, change=change, **more)["code"] == code
        assert world.running("production") == ""

    def test_too_late(self, world: World) -> None:
        change = wait_for(world)
        let_time_run_out(world, change)
        assert world.ask("confirm_change", "alice", change=change)["code"] == "change_expired"
        assert world.running("production") == ""

    def test_approving_is_not_confirming(self, world: World) -> None:
        change = wait_for(world)
        assert approve(world, change, "bob")["code"] == "not_allowed"

    def test_a_person_whose_word_needs_a_code_confirms_with_one(self, world: World) -> None:
        world.config["environments"]["production"]["deployers"] = ["carol"]
        world.config["people"]["carol"]["second_factor"] = True
        change = wait_for(world, who="carol")
        assert world.ask("confirm_change", "carol", change=change)["code"] == "code_needed"
        expect(world.ask("confirm_change", "carol", change=change, code=code_of()), code="deployed")


class TestSecondFactor:
    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        return guarded_world(tmp_path, second_factor=True)

    def test_an_approval_needs_a_code_and_says_so(self, world: World) -> None:
        change = wait_for(world)
        answer = approve(world, change)
        assert (answer["code"], answer["hint"]) == (
            "code_needed",
            f"Say, with your code in place of 123456: approve change {change} 123456",
        )
        assert approvals_in(world, change) == 0
        assert approve(world, change, code=code_of())["code"] == "deployed"
        approved = next(record for record in world.records() if record.event.value == "approved")
        assert approved.facts["second_factor"] is True

    def test_a_code_of_another_change_does_not_work_again(self, world: World) -> None:
        first, second = wait_for(world), wait_for(world, "v1.2.0", "dave")
        code = code_of()
        assert approve(world, first, code=code)["code"] == "deployed"
        assert approve(world, second, code=code)["code"] == "code_used"
        assert world.running("production") == "v1.1.0"

    def test_wrong_codes_are_counted_across_changes_and_recorded(self, world: World) -> None:
        change = wait_for(world)
        wrong = next(
            one
            for one in ("111111", "222222", "333333", "444444")
            if one not in [code_of(step=n) for n in (-2, -1, 0, 1, 2)]
        )
        codes: List[str] = [approve(world, change, code=wrong)["code"] for _ in range(6)]
        assert codes == ["code_wrong"] * 5 + ["code_limit"]
        assert approve(world, change, code=code_of())["code"] == "code_limit"
        assert world.events().count("refused") == 7
        assert wrong not in str([record.facts for record in world.records()])

    def test_a_refused_approval_uses_no_code_up(self, world: World) -> None:
        change = wait_for(world, who="carol")
        code = code_of()
        assert approve(world, change, code=code)["code"] == "own_change"
        assert approve(world, wait_for(world), code=code)["code"] == "deployed"

    def test_somebody_who_is_not_enrolled_is_told_so(self, world: World) -> None:
        assert approve(world, wait_for(world), "dave", code="123456")["code"] == "not_enrolled"

    def test_the_secret_is_in_no_answer_and_no_record(self, world: World) -> None:
        secret = world.config["people"]["carol"]["totp"]
        change = wait_for(world)
        answers = [
            approve(world, change, code=code) for code in ("", "111", code_of(step=5), code_of())
        ]
        assert secret not in str(answers)
        assert secret not in str(world.records())


class TestEmergency:
    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        return guarded_world(tmp_path, emergency=["alice"])

    def emergency(self, world: World) -> str:
        answer = world.emergency("v1.1.0", who="alice")
        assert answer["code"] == "deployed", answer
        record = next(record for record in world.records() if record.event.value == "overridden")
        assert record.facts["reason"] == "checkout is down"
        assert "approval" in record.facts["passed"]
        return str(record.facts["change"])

    def test_it_is_flagged_until_somebody_else_reviews_it(self, world: World) -> None:
        change = self.emergency(world)
        assert world.events() == ["asked", "overridden", "started", "succeeded"]
        assert "an emergency at" in world.ask("list_changes", "bob")["message"]
        for who in ("alice", "alice2"):
            expect(review(world, change, who), code="own_change")
        for who in ("bob", "ghost"):
            refused = review(world, change, who)
            assert refused["code"] == "not_allowed"
            assert "may not review change" in refused["message"]
        answer = review(world, change, "carol", "looked at it: right")
        assert answer["code"] == "reviewed"
        assert "carol reviewed change" in answer["message"]
        last = world.records()[-1]
        expect(last, event="reviewed", message="looked at it: right", requester="carol")
        assert last.deployment == world.records()[0].deployment
        expect(review(world, change, "dave", "me too"), code="change_closed")
        assert world.ask("list_changes", "bob")["message"] == "No change waits."

    def test_it_can_be_neither_approved_nor_rejected_nor_confirmed(self, world: World) -> None:
        change = self.emergency(world)
        assert approve(world, change)["code"] == "change_closed"
        assert world.ask("confirm_change", "alice", change=change)["code"] == "change_closed"
        expect(reject(world, change), code="change_closed")

    def test_where_a_code_is_wanted_the_review_needs_one_too(self, world: World) -> None:
        change = self.emergency(world)
        world.config["environments"]["production"]["second_factor"] = True
        expect(review(world, change), code="code_needed")
        reviewed = review(world, change, code=code_of())
        assert reviewed["code"] == "reviewed"


def test_every_answer_fits_into_a_message(world: World) -> None:
    change = wait_for(world)
    long = "because " * 60
    answers = [
        reject(world, change, "bob", long),
        reject(world, change, "carol", long),
        world.ask("list_changes", "bob"),
        approve(world, change),
    ]
    assert all(len(f"{one['message']} {one['hint']}") <= 400 for one in answers)
