"""The keys of relays in the config."""

from __future__ import annotations

from typing import Any, Dict

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.problems import Problems, references_in
from opsroom.config.registration import complaints
from opsroom.secrets import redactor_for
from support.cases import cases
from support.errors import refusal_of
from support.seals import KEY

REFERENCE = "{{ st2kv.system.opsroom_relay_key }}"


def config(**keys: Any) -> Dict[str, Any]:
    return {
        "relays": ["chatops_bot"],
        "relay_keys": keys,
        "environments": {"uat": {}},
        "apps": {"web": {}},
    }


def test_a_key_is_read_and_is_a_secret() -> None:
    settings = load(config(chatops_bot=KEY), KINDS)
    assert settings.relay_keys == {"chatops_bot": KEY}
    assert KEY not in repr(settings)
    assert redactor_for(config(chatops_bot=KEY)).text(f"x {KEY} y") == "x *** y"


def test_stackstorm_fills_in_no_keys_where_there_are_none() -> None:
    assert load(config(), KINDS).relay_keys == {}


@cases(
    ("keys", "expected"),
    [
        ({"chatops_bot": "short"}, "relay_keys.chatops_bot: expected a key of 32 characters"),
        ({"chatops_bot": "0123456789abcdef 0123456789abcde\n0"}, "relay_keys.chatops_bot: "),
        ({"another": KEY}, "relay_keys.another: expected one of the StackStorm users under relays"),
        ({"chatops_bot": None}, "relay_keys.chatops_bot: "),
    ],
)
def test_a_wrong_key_is_refused_and_not_shown(keys: Dict[str, Any], expected: str) -> None:
    refused = refusal_of(load, config(**keys), KINDS)
    assert expected in refused.message
    assert not any(str(one) in refused.sentence() for one in keys.values() if one)


def test_a_key_may_come_from_the_datastore_as_a_whole() -> None:
    raw = config(chatops_bot=REFERENCE)
    problems = Problems(list(references_in(raw)))
    load(raw, KINDS, problems)
    assert problems.lines == []
    assert complaints(raw) == []
    assert [place for place, _ in complaints(config(chatops_bot=f"key {REFERENCE}"))] == [
        "relay_keys.chatops_bot"
    ]
