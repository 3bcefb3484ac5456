"""One message in, one answer out: matched, checked, run and rendered like StackStorm does it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict

import pytest

from console.aliases import load_pack
from console.session import Session
from support.expectations import expect
from support.seals import KEY, VERSION
from support.worlds.packs import IDENTITY, add_command, talk
from support.worlds.world import ROOT

NAME: Dict[str, Any] = {
    "type": "string",
    "required": True,
    "pattern": r"^[a-z]+(?![\s\S])",
    "maxLength": 8,
}
RAISING = """
class Break:
    def __init__(self, config=None, action_service=None):
        pass

    def run(self, **parameters):
        raise RuntimeError("token=SECRET")
"""


def saying(expression: str) -> str:
    return f"""
class Say:
    def __init__(self, config=None, action_service=None):
        self.config = config

    def run(self, **parameters):
        return {expression}
"""


def test_a_message_runs_the_action_with_parameters_and_identity(tmp_path: Path) -> None:
    parameters = {
        "name": NAME,
        "count": {"type": "integer", "default": 3},
        "note": {"type": "string"},
        **IDENTITY,
    }
    add_command(tmp_path, "greet", ["greet {{name}}"], parameters)
    reply = talk(tmp_path).say("greet bob")
    expect(reply, status="succeeded", code="heard", message="heard")
    assert reply.result["parameters"] == {
        "name": "bob",
        "count": 3,
        "note": None,
        "requester": "alice",
        "room": "#dev",
    }
    assert reply.mapping()["matched"] == {"alias": "tiny_greet", "format": "greet {{name}}"}


def test_a_message_may_have_a_speaker_and_a_room_of_its_own(tmp_path: Path) -> None:
    add_command(tmp_path, "greet", ["greet"], IDENTITY)
    session = talk(tmp_path)
    assert session.say("greet", "carol", "#ops").result["parameters"] == {
        "requester": "carol",
        "room": "#ops",
    }
    assert session.say("greet").result["parameters"] == {"requester": "alice", "room": "#dev"}


def test_the_user_of_the_execution_is_the_first_relay_of_the_config(tmp_path: Path) -> None:
    user = {
        "st2_user": {"type": "string", "default": "{{ action_context.user }}", "immutable": True}
    }
    add_command(tmp_path, "greet", ["greet"], user)
    assert talk(tmp_path).say("greet").result["parameters"] == {"st2_user": "chatops_bot"}
    assert talk(tmp_path, {"relays": ["bot", "other"]}).say("greet").result["parameters"] == {
        "st2_user": "bot"
    }


def test_a_pair_at_the_end_becomes_a_parameter_and_is_cast_to_its_type(tmp_path: Path) -> None:
    parameters = {
        "name": NAME,
        "count": {"type": "integer"},
        "loud": {"type": "boolean"},
        "who": {"type": "array"},
        "facts": {"type": "object"},
    }
    add_command(tmp_path, "greet", ["greet {{name}}"], parameters)
    reply = talk(tmp_path).say("greet bob count=2 loud=true who='x, y' facts={\"a\":1}")
    assert reply.result["parameters"] == {
        "name": "bob",
        "count": 2,
        "loud": True,
        "who": ["x", "y"],
        "facts": {"a": 1},
    }


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("greet Bob!", "name: 'Bob!' does not match"),
        ("greet abcdefghi", "name: 'abcdefghi' is too long"),
        ("greet bob\nx", "name: 'bob\\nx' does not match"),
        ("greet bob count=many", "count: 'many' is not of type 'integer'"),
        ("greet bob other=1", "Additional properties are not allowed ('other' was unexpected)"),
        ("greet {{7*7}}", "name: '{ {7*7} }' does not match"),
        ("greet " + "a" * 10_000, "name: 'aaaaaaa"),
    ],
)
def test_a_parameter_of_no_action_is_rejected(tmp_path: Path, message: str, sentence: str) -> None:
    add_command(
        tmp_path, "greet", ["greet {{name}}"], {"name": NAME, "count": {"type": "integer"}}, RAISING
    )
    reply = talk(tmp_path).say(message)
    expect(reply, status="rejected", code="invalid_parameter")
    assert reply.message.startswith(sentence)
    assert len(reply.message) <= 400


def test_a_required_parameter_that_is_not_said_is_rejected(tmp_path: Path) -> None:
    add_command(tmp_path, "greet", ["greet"], {"name": NAME})
    reply = talk(tmp_path).say("greet")
    expect(reply, code="invalid_parameter", message="'name' is a required property")


def test_an_immutable_parameter_is_rejected_in_stackstorms_words(tmp_path: Path) -> None:
    add_command(tmp_path, "greet", ["greet"], IDENTITY)
    reply = talk(tmp_path).say("greet requester=carol")
    expect(reply, status="rejected", code="immutable_parameter")
    assert reply.message == "Override of immutable parameter(s) ['requester'] is unsupported."


def test_an_immutable_parameter_of_the_alias_is_passed_and_cannot_be_said(tmp_path: Path) -> None:
    parameters = {"force": {"type": "boolean"}, "by": {"type": "string"}}
    add_command(
        tmp_path,
        "greet",
        ["greet"],
        parameters,
        immutable_parameters={"force": True, "by": "{{ api_user }}"},
    )
    session = talk(tmp_path)
    assert session.say("greet").result["parameters"] == {"force": True, "by": "alice"}
    reply = session.say("greet force=false")
    expect(
        reply, code="immutable_parameter", message="Immutable arguments cannot be overriden: force"
    )


def test_parameters_of_the_runner_are_taken_unless_forbidden(tmp_path: Path) -> None:
    add_command(tmp_path, "open", ["open"])
    add_command(tmp_path, "closed", ["closed"], {"timeout": {"default": 60, "immutable": True}})
    session = talk(tmp_path)
    assert session.say("open timeout=5").status == "succeeded"
    assert session.say("open timeout=5").result["parameters"] == {}
    assert session.say("closed timeout=5").status == "rejected"


def test_a_default_is_checked_before_it_is_rendered_as_stackstorm_does_it(tmp_path: Path) -> None:
    add_command(
        tmp_path, "greet", ["greet"], {"requester": {**IDENTITY["requester"], "maxLength": 8}}
    )
    assert talk(tmp_path).say("greet").code == "invalid_parameter"


def test_what_somebody_says_is_never_rendered(tmp_path: Path) -> None:
    add_command(tmp_path, "greet", ["greet {{name}}"], {"name": {"type": "string"}})
    reply = talk(tmp_path).say("greet {{ action_context.user }}")
    assert reply.result["parameters"] == {"name": "{{ action_context.user }}"}


def test_what_matches_nothing_is_answered_with_the_nearest_commands(tmp_path: Path) -> None:
    add_command(
        tmp_path, "greet", [{"display": "greet {{ name }}", "representation": ["greet {{name}}"]}]
    )
    add_command(tmp_path, "leave", ["leave"])
    reply = talk(tmp_path).say("gret bob")
    expect(reply, status="rejected", code="no_match", match=None)
    assert reply.message == "Command 'gret bob' matched no patterns. Did you mean: greet NAME"
    add_command(tmp_path, "opsroom", ["opsroom help"])
    assert talk(tmp_path).say("help me").message.endswith("Did you mean: opsroom help")
    every = "Command 'zzzzzz' matched no patterns. There is: greet, leave, opsroom"
    assert talk(tmp_path).say("zzzzzz").message == every


def test_a_message_that_two_formats_match_is_rejected(tmp_path: Path) -> None:
    add_command(tmp_path, "greet", ["greet {{name}}"], {"name": NAME})
    add_command(tmp_path, "meet", ["greet {{x}}"], {"x": NAME}, RAISING)
    reply = talk(tmp_path).say("greet bob")
    expect(reply, status="rejected", code="ambiguous")
    assert "greet NAME, greet X" in reply.message


def test_a_display_alone_matches_nothing(tmp_path: Path) -> None:
    add_command(tmp_path, "greet", [{"display": "greet"}])
    assert talk(tmp_path).say("greet").code == "no_match"
    assert talk(tmp_path).say("a=b").code == "no_match"


def test_a_false_status_is_a_failure_that_keeps_its_result(tmp_path: Path) -> None:
    code = saying('(False, {"code": "locked", "message": "No."})')
    add_command(tmp_path, "greet", ["greet"], code=code)
    reply = talk(tmp_path).say("greet")
    expect(reply, status="failed", code="locked", message="No.")
    assert reply.result == {"code": "locked", "message": "No."}


def test_the_traceback_of_a_crashed_action_stays_out_of_the_room(tmp_path: Path) -> None:
    template = (
        "{{ execution.status }} {{ execution.result.result }} {{ execution.result.exit_code }}"
    )
    add_command(tmp_path, "greet", ["greet"], code=RAISING, result={"format": template})
    reply = talk(tmp_path).say("greet")
    expect(reply, status="failed", code="crashed", message="failed None 1")
    assert "SECRET" not in json.dumps(reply.mapping())


@pytest.mark.parametrize("code", ["import nothing_of_that_name\n", "class (", "x = 1\n"])
def test_an_action_that_cannot_be_loaded_has_crashed(tmp_path: Path, code: str) -> None:
    add_command(tmp_path, "greet", ["greet"], code=code)
    assert talk(tmp_path).say("greet").code == "crashed"


def test_a_result_that_is_no_json_becomes_text_as_in_stackstorm(tmp_path: Path) -> None:
    add_command(tmp_path, "greet", ["greet"], code=saying("(True, {1, 1})"))
    assert talk(tmp_path).say("greet").result == "{1}"


def test_what_an_action_prints_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_command(
        tmp_path, "greet", ["greet"], code=saying('print("noise") or (True, {"message": "hi"})')
    )
    assert talk(tmp_path).say("greet").message == "hi"
    assert capsys.readouterr().out == ""


def test_an_interrupted_action_has_failed_and_the_conversation_goes_on(tmp_path: Path) -> None:
    code = saying("None").replace("return None", "raise KeyboardInterrupt")
    add_command(tmp_path, "greet", ["greet"], code=code)
    expect(talk(tmp_path).say("greet"), status="failed", code="interrupted")


def test_what_stackstorm_would_evaluate_once_more_is_marked_unsafe(tmp_path: Path) -> None:
    for number, text in enumerate(["{{ 1 }}", "{% if %}", "<% 1 %>"]):
        add_command(
            tmp_path,
            f"leak{number}",
            [f"leak{number}"],
            code=saying(f'(True, {{"message": "{text}"}})'),
        )
        assert talk(tmp_path).say(f"leak{number}").mapping()["unsafe"] is True
    add_command(tmp_path, "fine", ["fine"], code=saying('(True, {"message": "{ { 1 } } {x} 50%"})'))
    assert "unsafe" not in talk(tmp_path).say("fine").mapping()


def test_the_acknowledgement_is_heard_before_the_answer(tmp_path: Path) -> None:
    add_command(tmp_path, "greet", ["greet"], ack={"format": "Starting {{ execution.id }}"})
    session = talk(tmp_path)
    session.new_id = lambda: "0" * 24
    heard = []
    session.heard_ack = heard.append
    assert session.say("greet").ack == "Starting " + "0" * 24
    assert heard == ["Starting " + "0" * 24]


def test_a_result_that_is_switched_off_shows_nothing(tmp_path: Path) -> None:
    add_command(tmp_path, "greet", ["greet"], result={"enabled": False})
    reply = talk(tmp_path).say("greet")
    assert (reply.status, reply.message, reply.rendered.shown) == ("succeeded", "", False)


def test_an_alias_without_a_format_gets_a_plain_default(tmp_path: Path) -> None:
    add_command(tmp_path, "greet", ["greet"], result={})
    assert (
        talk(tmp_path)
        .say("greet")
        .message.startswith("Action tiny.greet completed.\nstatus : succeeded\n")
    )


@pytest.mark.parametrize(
    "result",
    [
        {"format": "{{ execution.id | no_such_filter }}"},
        {"format": "x", "extra": {"slack": {"color": "{{ execution.result.result.nothing }}"}}},
        {
            "format": "x",
            "extra": {"text": "{{ execution.result.result.quoted }}", "list": ["{{ '\"' }}"]},
        },
    ],
)
def test_a_template_that_cannot_be_rendered_is_a_problem(
    tmp_path: Path, result: Dict[str, Any]
) -> None:
    add_command(tmp_path, "greet", ["greet"], result=result)
    assert "cannot be rendered" in talk(tmp_path).say("greet").mapping()["problem"]


def test_the_database_of_the_console_stands_in_for_that_of_the_config(tmp_path: Path) -> None:
    add_command(
        tmp_path, "greet", ["greet"], code=saying('(True, {"message": self.config["database"]})')
    )
    session = talk(tmp_path, {"database": "postgresql://theirs"})
    assert session.say("greet").message == "postgresql://theirs"
    session.database = "sqlite:////tmp/mine.db"
    assert session.say("greet").message == "sqlite:////tmp/mine.db"


def test_the_console_vouches_for_an_identity_where_the_config_has_its_key(tmp_path: Path) -> None:
    identity = "xmpp:alice@example.com"
    config = {
        "relays": ["chatops_bot"],
        "relay_keys": {"chatops_bot": KEY},
        "people": {"alice": {"chat": ["alice", identity]}},
        "environments": {"uat": {}},
    }
    database = f"sqlite:///{tmp_path}/opsroom.db"
    session = Session(pack=load_pack(ROOT), config=config, database=database, room="#dev")
    vouched = session.say("opsroom whoami", identity)
    assert vouched.message.startswith(f"You are alice: console/{VERSION} (chatops_bot) vouches for")
    assert session.say("opsroom whoami", "alice").result["known_by"] == "name"
    session.config = {**config, "relay_keys": {}}
    assert session.say("opsroom whoami", identity).result["known_by"] == "name"
