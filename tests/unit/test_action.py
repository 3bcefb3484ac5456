"""The base class of every action: whatever happens, a sentence and facts leave it, and nothing
else."""

from __future__ import annotations

import logging
from typing import Any, Dict, Iterator

import pytest

from opsroom import action as action_module
from opsroom.action import OpsroomAction, Surroundings, default_database, private_folder
from opsroom.commands import Context, Outcome
from opsroom.db.url import read_address
from opsroom.errors import Code, Failure, Refusal
from opsroom.stackstorm.chat import NoRoom, StackStormRoom
from support.worlds.use_case import UseCase

CONFIG: Dict[str, Any] = {
    "environments": {"uat": {}},
    "apps": {
        "web": {
            "version": {
                "kind": "http",
                "url": "http://127.0.0.1:9/",
                "headers": {"X-Key": "top{{secret}}"},
            }
        }
    },
}
WHO = {"requester": "alice", "room": "#dev", "st2_user": "chatops_bot"}


@pytest.fixture(autouse=True)
def around(tmp_path: Any) -> Iterator[None]:
    OpsroomAction.surroundings = Surroundings(
        f"sqlite:///{tmp_path}/opsroom.db", None, "5f0000000000000000000001"
    )
    yield
    OpsroomAction.surroundings = None


def test_an_action_without_run_is_refused_as_stackstorm_refuses_it() -> None:
    class Incomplete(OpsroomAction):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Incomplete(config=CONFIG)


def answer(use_case: Any, config: Any = None) -> Any:
    return UseCase(config=CONFIG if config is None else config).run(use_case, **WHO)


def test_an_outcome_becomes_the_result() -> None:
    ok, result = answer(lambda context: Outcome(True, Code.VERSIONS, "web: v1", {"versions": [1]}))
    assert ok is True
    assert result == {
        "versions": [1],
        "outcome": "succeeded",
        "code": "versions",
        "message": "web: v1",
        "hint": "",
    }


@pytest.mark.parametrize(("kind", "outcome"), [(Refusal, "refused"), (Failure, "failed")])
def test_a_refusal_and_a_failure_say_why_and_what_would_work(kind: Any, outcome: str) -> None:
    def use_case(context: Context) -> Outcome:
        raise kind(Code.BUSY, "In the way.", "Wait.", {"by": "bob"})

    ok, result = answer(use_case)
    assert ok is False
    assert result == {
        "by": "bob",
        "outcome": outcome,
        "code": "busy",
        "message": "In the way.",
        "hint": "Wait.",
    }


def test_a_defect_reaches_the_room_as_one_sentence_and_the_log_without_secrets(caplog: Any) -> None:
    def use_case(context: Context) -> Outcome:
        raise ZeroDivisionError("top{{secret}} in the details")

    with caplog.at_level(logging.ERROR):
        ok, result = answer(use_case)
    assert (ok, result["code"], result["outcome"]) == (False, "crashed", "crashed")
    assert result["message"] == "opsroom hit an internal error (ZeroDivisionError)."
    assert result["hint"].endswith("st2 execution get 5f0000000000000000000001")
    assert "in the details" in caplog.text
    assert "top{{secret}}" not in caplog.text


def test_secrets_of_the_config_are_masked_in_whatever_is_said() -> None:
    said = {"nested": ["top{{secret}}"], "top{{secret}}": 1}
    _, result = answer(lambda context: Outcome(True, Code.HELP, "it is top{{secret}}", said))
    assert "secret" not in str(result)
    assert result["nested"] == ["***"]


def test_expressions_and_pings_are_neutralised_in_the_message_the_hint_and_the_data() -> None:
    def use_case(context: Context) -> Outcome:
        raise Refusal(Code.BUSY, "{{ a }} <!channel>", "<% b %> @here", {"{{ k }}": ["{% c %}"]})

    _, result = answer(use_case)
    assert not any(
        mark in str(result).replace("'}", "' }") for mark in ("{{", "{%", "<%", "<!", "@here")
    )


def test_message_and_hint_together_are_no_longer_than_every_relay_delivers() -> None:
    def use_case(context: Context) -> Outcome:
        raise Refusal(Code.BUSY, "m" * 1000, "h" * 1000)

    _, result = answer(use_case)
    assert len(result["message"]) + 1 + len(result["hint"]) <= 400
    assert len(result["hint"]) > 100


def test_a_short_hint_is_kept_whole_beside_a_long_message() -> None:
    def use_case(context: Context) -> Outcome:
        raise Refusal(Code.BUSY, "m" * 1000, "Say: deploy web v1 to uat")

    _, result = answer(use_case)
    assert result["hint"] == "Say: deploy web v1 to uat"


def test_without_config_the_answer_says_what_to_do() -> None:
    ok, result = answer(lambda context: Outcome(True, Code.HELP, "never"), config={})
    assert (ok, result["code"]) == (False, "not_configured")
    assert "opsroom.yaml.example" in result["hint"]


def test_a_wrong_config_names_the_key_and_lists_every_complaint() -> None:
    ok, result = answer(
        lambda context: Outcome(True, Code.HELP, "never"),
        config={**CONFIG, "lease": "x", "nonsense": 1},
    )
    assert (ok, result["code"]) == (False, "settings_invalid")
    assert "lease: expected a length of time" in result["message"]
    assert len(result["problems"]) == 2


def test_the_record_lies_beside_stackstorms_packs_so_that_a_reinstall_keeps_it(
    monkeypatch: Any, tmp_path: Any
) -> None:
    monkeypatch.setattr(action_module, "PACK", tmp_path / "packs" / "opsroom")
    assert default_database() == f"sqlite:///{tmp_path}/opsroom/opsroom.db"
    monkeypatch.setattr(action_module, "PACK", tmp_path / "checkout")
    assert default_database() == f"sqlite:///{tmp_path}/checkout/var/opsroom.db"


@pytest.mark.parametrize("folder", ["50%41", "what?", "a b#c", "@:", "ünï"])
def test_the_record_lies_there_whatever_the_folder_is_called(
    monkeypatch: Any, tmp_path: Any, folder: str
) -> None:
    monkeypatch.setattr(action_module, "PACK", tmp_path / folder / "packs" / "opsroom")
    path = tmp_path / folder / "opsroom" / "opsroom.db"
    assert read_address(default_database()).path == str(path)
    for database in (default_database(), "postgresql://db/ops", "nonsense"):
        assert private_folder(database) == path.parent / "kept"


def test_in_stackstorm_the_room_is_the_channel_the_message_came_from(monkeypatch: Any) -> None:
    OpsroomAction.surroundings = None
    monkeypatch.setenv("ST2_ACTION_API_URL", "http://127.0.0.1:9/v1")
    rooms = []

    def use_case(context: Context) -> Outcome:
        rooms.append(context.room)
        return Outcome(True, Code.HELP, "")

    one = UseCase(config=CONFIG)
    one.run(use_case, **WHO)
    one.run(use_case, requester="alice", room="#dev", st2_user="someone")
    assert isinstance(rooms[0]._room, StackStormRoom)
    assert isinstance(rooms[1]._room, NoRoom)


def test_a_room_that_cannot_be_reached_fails_nothing(monkeypatch: Any) -> None:
    monkeypatch.setenv("ST2_ACTION_API_URL", "http://127.0.0.1:9/v1")
    StackStormRoom("#dev", "chatops", logging.getLogger("test")).say("hello")
