"""Changes from the asking to the end: approving, confirming, rejecting, reviewing; what is said,
done and recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest

from support.guarded import (
    approvals_in,
    code_of,
    guarded_world,
    let_time_run_out,
    state_of,
    wait_for,
)
from support.world import World, git


@pytest.fixture
def world(tmp_path: Path) -> World:
    return guarded_world(tmp_path)


def approve(world: World, change: str, who: str = "carol", **more: Any) -> Dict[str, Any]:
    answer: Dict[str, Any] = world.ask("approve_change", who, change=change, **more)
    return answer


def running(world: World) -> str:
    return world.running("production")


def test_asking_touches_nothing_and_says_what_would_happen_and_who_has_to_agree(
    world: World,
) -> None:
    answer = world.ask("deploy", app="web", version="v1.1.0", environment="production")
    change = answer["change"]
    assert (answer["ok"], answer["code"]) == (True, "waiting")
    commit = git(world.folder / "repository", "rev-parse", "v1.1.0")[:12]
    assert answer["message"].startswith(
        f"Change {change}: web on production would get v1.1.0 ({commit}), asked by alice. "
        f"To approve: approve change {change} (release-managers, 1 needed, until "
    )
    assert running(world) == ""
    assert world.events() == ["asked", "waiting"]
    waiting = world.records()[-1]
    assert (waiting.facts["change"], waiting.facts["needed"], waiting.deployment) == (
        change,
        1,
        world.records()[0].deployment,
    )
    assert world.claims() == 0


def test_somebody_else_approves_and_it_is_deployed_in_the_name_of_who_asked(world: World) -> None:
    change = wait_for(world)
    answer = approve(world, change)
    assert (answer["ok"], answer["code"]) == (True, "deployed")
    assert answer["message"].startswith("alice deployed web v1.1.0 to production, verified")
    assert "Approved by carol." in answer["message"]
    assert running(world) == "v1.1.0"
    assert world.events() == ["asked", "waiting", "approved", "started", "succeeded"]
    records = world.records()
    assert len({record.deployment for record in records}) == 1
    approved, last = records[2], records[-1]
    assert (approved.requester, approved.person, approved.chat_name) == ("carol", "carol", "carol")
    assert (approved.facts["change"], approved.facts["asked_by"]) == (change, "alice")
    assert approved.facts["second_factor"] is False
    assert (last.requester, last.facts["change"], last.facts["approved_by"]) == (
        "alice",
        change,
        ["carol"],
    )
    assert state_of(world, change) == "done"
    assert (world.claims(), world.chain_holds()) == (0, True)


def test_an_id_may_be_typed_in_small_letters(world: World) -> None:
    assert approve(world, wait_for(world).lower())["code"] == "deployed"


@pytest.mark.parametrize(
    ("who", "more", "code"),
    [
        ("alice", {}, "own_change"),
        ("alice2", {}, "own_change"),
        ("alice!~alice@10.0.0.7", {}, "own_change"),
        ("", {"user": "alice", "room": ""}, "own_change"),
        ("carol", {"user": "alice.smith"}, "own_change"),
        ("carol", {"user": "mallory"}, "not_allowed"),
        ("bob", {}, "not_allowed"),
        ("ghost", {}, "not_allowed"),
    ],
)
def test_whoever_may_not_approve_is_refused_and_recorded(
    world: World, who: str, more: Dict[str, str], code: str
) -> None:
    change = wait_for(world)
    answer = approve(world, change, who, **more)
    assert (answer["ok"], answer["outcome"], answer["code"]) == (False, "refused", code)
    assert running(world) == ""
    assert state_of(world, change) == "open"
    last = world.records()[-1]
    assert (last.event.value, last.command, last.code, last.facts["change"]) == (
        "refused",
        "approve",
        code,
        change,
    )
    assert (last.app, last.environment, last.version) == ("web", "production", "v1.1.0")
    assert last.deployment != world.records()[0].deployment


def test_an_unknown_change_is_refused_and_recorded(world: World) -> None:
    answer = approve(world, "XXXX")
    assert (answer["code"], answer["hint"]) == ("unknown_change", "To see what waits: show changes")
    assert world.events() == ["refused"]


def test_as_many_different_people_as_the_config_wants(tmp_path: Path) -> None:
    world = guarded_world(tmp_path, approvals=2)
    change = wait_for(world)
    first = approve(world, change)
    assert (first["ok"], first["code"]) == (True, "approved")
    assert (
        f"carol approved change {change} (web v1.1.0 on production): 1 of 2 approved."
        in first["message"]
    )
    assert approve(world, change)["code"] == "approved_already"
    assert running(world) == ""
    assert approve(world, change, "dave")["code"] == "deployed"
    assert world.records()[-1].facts["approved_by"] == ["carol", "dave"]


def test_an_approval_is_used_once(world: World) -> None:
    change = wait_for(world)
    approve(world, change)
    world.ask("deploy", app="web", version="v1.0.0", environment="test")
    for who in ("carol", "dave"):
        answer = approve(world, change, who)
        assert answer["code"] == "change_closed"
        assert "was deployed, by carol" in answer["message"]
    again = world.ask("deploy", app="web", version="v1.2.0", environment="production")
    assert again["code"] == "waiting"
    assert again["change"] != change
    assert running(world) == "v1.1.0"


def test_asking_for_the_same_again_finds_the_change_that_waits(world: World) -> None:
    change = wait_for(world)
    again = world.ask("deploy", "alice2", app="web", version="v1.1.0", environment="production")
    assert (again["code"], again["change"]) == ("waiting", change)
    assert "It waits already." in again["message"]
    assert world.events() == ["asked", "waiting", "asked", "refused"]
    assert world.records()[-1].facts["change"] == change
    assert wait_for(world, who="dave") != change


def test_asking_again_after_what_runs_has_changed_makes_a_new_change_and_withdraws_the_old_one(
    world: World,
) -> None:
    old = wait_for(world, "v1.2.0")
    approve(world, wait_for(world, "v1.1.0"))
    new = wait_for(world, "v1.2.0")
    assert new != old
    assert state_of(world, old) == "withdrawn"
    assert approve(world, old)["code"] == "change_closed"
    answer = approve(world, new)
    assert "(before: v1.1.0)" in answer["message"]


def test_an_approval_of_what_is_no_longer_so_is_refused_and_the_change_withdrawn(
    world: World,
) -> None:
    change = wait_for(world, "v1.2.0")
    approve(world, wait_for(world, "v1.1.0"))
    answer = approve(world, change)
    assert (answer["ok"], answer["code"]) == (False, "changed_meanwhile")
    assert answer["message"].startswith(
        f"Change {change} could not go ahead. web on production changed meanwhile"
    )
    assert running(world) == "v1.1.0"
    assert state_of(world, change) == "withdrawn"


def test_a_tag_that_was_moved_since_is_not_deployed(world: World) -> None:
    change = wait_for(world, "v1.1.0")
    git(world.folder / "repository", "tag", "--force", "v1.1.0", "v1.2.0")
    assert approve(world, change)["code"] == "changed_meanwhile"
    assert running(world) == ""


def test_a_branch_is_deployed_as_the_commit_that_was_shown(world: World) -> None:
    change = wait_for(world, "main")
    (world.folder / "repository" / "VERSION").write_text("newer\n")
    git(world.folder / "repository", "commit", "--quiet", "-am", "newer")
    assert approve(world, change)["code"] == "deployed"
    assert running(world) == "v1.2.0"


def test_a_lock_holds_up_an_approved_change_until_it_is_gone_and_no_second_approval_is_needed(
    world: World,
) -> None:
    change = wait_for(world)
    world.ask("lock", "dave", environment="production", reason="load test")
    held = approve(world, change)
    assert held["code"] == "locked"
    assert held["hint"].endswith(f"Then: approve change {change}")
    assert (state_of(world, change), approvals_in(world, change)) == ("open", 1)
    world.ask("unlock", "dave", environment="production")
    answer = approve(world, change)
    assert answer["code"] == "deployed"
    assert approvals_in(world, change) == 1
    assert world.records()[-1].facts["approved_by"] == ["carol"]
    again = [record for record in world.records() if record.event.value == "approved"]
    assert [record.facts.get("again", False) for record in again] == [False, True]


def test_a_requester_who_lost_the_right_meanwhile_is_not_deployed_for(world: World) -> None:
    change = wait_for(world)
    world.config["environments"]["production"]["deployers"] = ["release-managers"]
    assert approve(world, change)["code"] == "not_allowed"
    assert running(world) == ""


def test_a_person_who_was_added_under_another_name_meanwhile_cannot_approve_their_own(
    world: World,
) -> None:
    change = wait_for(world)
    world.config["people"]["alicia"] = world.config["people"].pop("alice")
    world.config["environments"]["production"]["deployers"] = ["release-managers", "alicia"]
    world.config["groups"]["release-managers"] = ["alicia", "carol"]
    assert approve(world, change, "alice")["code"] == "own_change"
    # Nor does anyone else then approve it in a name that stands for someone else.
    assert approve(world, change, "carol")["code"] == "changed_meanwhile"
    assert running(world) == ""


def test_more_approvals_are_needed_when_the_config_wants_more_by_now(world: World) -> None:
    change = wait_for(world)
    world.config["environments"]["production"]["approvals"] = 2
    assert approve(world, change)["code"] == "approved"
    assert running(world) == ""


def test_an_approval_by_somebody_who_may_not_approve_any_more_does_not_count(
    tmp_path: Path,
) -> None:
    world = guarded_world(tmp_path, approvals=2)
    change = wait_for(world)
    approve(world, change, "carol")
    world.config["groups"]["release-managers"] = ["dave", "erin"]
    answer = approve(world, change, "dave")
    assert (answer["code"], "1 of 2 approved" in answer["message"]) == ("approved", True)
    assert approve(world, change, "erin")["code"] == "deployed"


def test_a_deployment_that_fails_closes_the_change(world: World) -> None:
    change = wait_for(world)
    world.config["apps"]["web"]["version"]["path"] = str(world.folder / "elsewhere")
    world.config["apps"]["web"]["verify_for"] = "0s"
    answer = approve(world, change)
    assert (answer["outcome"], answer["code"]) == ("failed", "not_verified")
    assert state_of(world, change) == "failed"
    assert approve(world, change, "dave")["code"] == "change_closed"


def test_an_expired_change_is_refused_recorded_and_can_be_asked_for_again(world: World) -> None:
    change = wait_for(world)
    let_time_run_out(world, change)
    answer = approve(world, change)
    assert answer["code"] == "change_expired"
    assert answer["hint"] == "Ask again: deploy web v1.1.0 to production"
    assert running(world) == ""
    assert world.events() == ["asked", "waiting", "expired", "refused"]
    assert state_of(world, change) == "expired"
    assert wait_for(world) != change


def test_a_rejected_change_says_why_and_is_over(world: World) -> None:
    change = wait_for(world)
    answer = world.ask("reject_change", "carol", change=change, reason="the tests\nare red")
    assert (answer["ok"], answer["code"]) == (True, "rejected")
    assert answer["message"] == (
        f"carol rejected change {change} (web v1.1.0 on production, asked by alice): the tests "
        "are red"
    )
    assert approve(world, change, "dave")["code"] == "change_closed"
    assert world.events() == ["asked", "waiting", "rejected", "refused"]
    record = world.records()[2]
    assert (record.requester, record.facts["reason"]) == ("carol", "the tests are red")
    assert record.deployment == world.records()[0].deployment


def test_whoever_asked_may_take_it_back_and_a_bystander_may_not(world: World) -> None:
    change = wait_for(world)
    assert world.ask("reject_change", "bob", change=change, reason="no")["code"] == "not_allowed"
    answer = world.ask("reject_change", "alice2", change=change, reason="wrong version")
    assert f"alice withdrew change {change}" in answer["message"]
    assert state_of(world, change) == "withdrawn"


def test_a_rejection_needs_a_reason(world: World) -> None:
    change = wait_for(world)
    assert (
        world.ask("reject_change", "carol", change=change, reason="  ")["code"] == "reason_needed"
    )
    assert state_of(world, change) == "open"


def test_who_asked_hears_of_it_in_their_own_room(world: World) -> None:
    change = wait_for(world)
    world.ask("reject_change", "carol", room="#managers", change=change, reason="no")
    assert any("carol rejected change" in text for text in world.room.said)
    said = len(world.room.said)
    world.ask("reject_change", "carol", change=wait_for(world, "v1.2.0"), reason="no")
    assert len(world.room.said) == said


def test_show_changes_tells_what_waits_and_for_whom(world: World) -> None:
    assert world.ask("list_changes", "bob")["message"] == "No change waits."
    first, second = wait_for(world), wait_for(world, "v1.2.0", "dave")
    answer = world.ask("list_changes", "bob")
    lines = answer["message"].split("\n")
    assert lines[0].startswith(
        f"{first} | web v1.1.0 on production | by alice | 0 of 1 approved, until "
    )
    assert lines[1].startswith(f"{second} | web v1.2.0 on production | by dave | ")
    assert [one["change"] for one in answer["changes"]] == [first, second]
    let_time_run_out(world, first)
    assert first not in world.ask("list_changes", "bob", environment="production")["message"]
    assert world.events()[-1] == "expired"
    assert (
        world.ask("list_changes", "bob", environment="uat")["message"] == "No change waits on uat."
    )
    assert world.ask("list_changes", "bob", environment="mars")["code"] == "unknown_environment"


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
        answer = world.ask("deploy", app="web", version="v1.1.0", environment="production")
        change = answer["change"]
        assert answer["code"] == "confirm"
        assert f"from #dev: confirm change {change}" in answer["message"]
        assert running(world) == ""
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
        assert running(world) == ""

    def test_too_late(self, world: World) -> None:
        change = wait_for(world)
        let_time_run_out(world, change)
        assert world.ask("confirm_change", "alice", change=change)["code"] == "change_expired"
        assert running(world) == ""

    def test_approving_is_not_confirming(self, world: World) -> None:
        change = wait_for(world)
        assert approve(world, change, "bob")["code"] == "not_allowed"

    def test_a_person_whose_word_needs_a_code_confirms_with_one(self, world: World) -> None:
        world.config["environments"]["production"]["deployers"] = ["carol"]
        world.config["people"]["carol"]["second_factor"] = True
        change = wait_for(world, who="carol")
        assert world.ask("confirm_change", "carol", change=change)["code"] == "code_needed"
        assert (
            world.ask("confirm_change", "carol", change=change, code=code_of())["code"]
            == "deployed"
        )


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
        assert running(world) == "v1.1.0"

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
        answer = world.ask(
            "emergency_deploy",
            app="web",
            version="v1.1.0",
            environment="production",
            reason="checkout is down",
        )
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
            assert (
                world.ask("review_change", who, change=change, text="fine")["code"] == "own_change"
            )
        for who in ("bob", "ghost"):
            refused = world.ask("review_change", who, change=change, text="fine")
            assert refused["code"] == "not_allowed"
            assert "may not review change" in refused["message"]
        answer = world.ask("review_change", "carol", change=change, text="looked at it: right")
        assert answer["code"] == "reviewed"
        assert "carol reviewed change" in answer["message"]
        last = world.records()[-1]
        assert (last.event.value, last.message, last.requester) == (
            "reviewed",
            "looked at it: right",
            "carol",
        )
        assert last.deployment == world.records()[0].deployment
        assert (
            world.ask("review_change", "dave", change=change, text="me too")["code"]
            == "change_closed"
        )
        assert world.ask("list_changes", "bob")["message"] == "No change waits."

    def test_it_can_be_neither_approved_nor_rejected_nor_confirmed(self, world: World) -> None:
        change = self.emergency(world)
        assert approve(world, change)["code"] == "change_closed"
        assert world.ask("confirm_change", "alice", change=change)["code"] == "change_closed"
        assert (
            world.ask("reject_change", "carol", change=change, reason="no")["code"]
            == "change_closed"
        )

    def test_where_a_code_is_wanted_the_review_needs_one_too(self, world: World) -> None:
        change = self.emergency(world)
        world.config["environments"]["production"]["second_factor"] = True
        assert (
            world.ask("review_change", "carol", change=change, text="fine")["code"] == "code_needed"
        )
        reviewed = world.ask("review_change", "carol", change=change, text="fine", code=code_of())
        assert reviewed["code"] == "reviewed"


def test_every_answer_fits_into_a_message(world: World) -> None:
    change = wait_for(world)
    long = "because " * 60
    answers = [
        world.ask("reject_change", "bob", change=change, reason=long),
        world.ask("reject_change", "carol", change=change, reason=long),
        world.ask("list_changes", "bob"),
        approve(world, change),
    ]
    assert all(len(f"{one['message']} {one['hint']}") <= 400 for one in answers)
