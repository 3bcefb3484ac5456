"""What a relay vouches for, and what is refused."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.model import Settings
from opsroom.errors import Code, Refusal
from opsroom.people import Speaker, identify, recorded
from opsroom.people.seals import read_seal
from support.cases import cases
from support.seals import KEY, SEALED, VERSION, sealed

CHAT = {
    "alice": ["slack:T024BE7LD/U2147483697", "irc:alice@services", "alice"],
    "bob": ["xmpp:bob@example.com"],
}
ALICE = CHAT["alice"][0]
NOW = 1796048341.25


def settings(**keys: Any) -> Settings:
    config: Dict[str, Any] = {
        "relays": ["chatops_bot", "plain_bot"],
        "relay_keys": {"chatops_bot": KEY},
        "people": {name: {"chat": chat} for name, chat in CHAT.items()},
        "environments": {"uat": {}},
        "apps": {"web": {}},
        **keys,
    }
    return load(config, KINDS)


SETTINGS = settings()


def speaker(text: str, room: str = "#ops", user: str = "chatops_bot", now: float = NOW) -> Speaker:
    return identify(SETTINGS, text, user, room, now)


def refusal(text: str, room: str = "#ops", user: str = "chatops_bot", now: float = NOW) -> Refusal:
    with pytest.raises(Refusal) as refused:
        speaker(text, room, user, now)
    error = refused.value
    assert text.rpartition(" ")[2] not in f"{error.sentence()} {error.facts}"
    assert KEY not in f"{error.sentence()} {error.facts}"
    return error


@cases("vector", SEALED)
def test_the_examples_that_every_relay_is_tested_with(vector: Dict[str, str]) -> None:
    found = read_seal(vector["user"], vector["room"], KEY, "chatops_bot", float(vector["time"]))
    assert (found.identity, found.by, f"{found.at:.3f}", found.message) == (
        vector["identity"],
        vector["relay"],
        vector["time"],
        vector["message"],
    )


def test_a_sealed_identity_is_the_person_who_has_it() -> None:
    found = speaker(sealed(ALICE, "#ops", at=NOW))
    assert (found.person_name, found.chat_name, found.room) == ("alice", ALICE, "#ops")
    assert found.is_vouched
    assert found.voucher is not None
    assert (found.voucher.by, found.voucher.is_current) == (f"hubot/{VERSION}", True)


def test_a_sealed_identity_of_nobody_is_unknown_and_vouched_for() -> None:
    found = speaker(sealed("slack:T0000/U0000", "#ops", at=NOW))
    assert (found.person, found.shown) == (None, "slack:T0000/U0000 (unknown here)")
    assert (found.is_vouched, found.key) == (True, "identity:slack:T0000/U0000")


@cases("name", ["alice", "irc:alice@services@"])
def test_a_sealed_text_matches_no_bare_name(name: str) -> None:
    assert speaker(sealed(f"irc:{name}", "#ops", at=NOW)).person is None


@cases("user", ["chatops_bot", "plain_bot"])
def test_a_forged_prefix_is_a_name_that_is_nobody(user: str) -> None:
    found = speaker(ALICE, user=user)
    assert (found.person, found.is_vouched) == (None, False)


def test_a_bare_name_is_known_by_name_only_also_where_the_relay_has_a_key() -> None:
    found = speaker("alice")
    assert (found.person_name, found.is_vouched) == ("alice", False)


def test_a_stackstorm_user_is_certain_without_a_seal() -> None:
    found = identify(SETTINGS, sealed("xmpp:bob@example.com", "#ops", at=NOW), "alice", "#ops", NOW)
    assert (found.person_name, found.is_vouched, found.voucher) == ("alice", True, None)


def test_the_seal_of_another_room_does_not_fit() -> None:
    assert refusal(sealed(ALICE, "#dev", at=NOW), room="#ops").code is Code.SEAL_WRONG


def test_each_part_of_the_text_is_under_the_seal() -> None:
    parts = sealed(ALICE, "#ops", message="m1", at=NOW).split(" ")
    others = ["irc:alice@services", "errbot/0.4.0", f"{NOW + 1:.3f}", "m2", "A" * 43]
    for position, other in enumerate(others):
        forged = [*parts[:position], other, *parts[position + 1 :]]
        assert refusal(" ".join(forged)).code is Code.SEAL_WRONG


def test_a_seal_under_another_key_does_not_fit() -> None:
    text = sealed(ALICE, "#ops", at=NOW, key="another-key-that-is-long-enough-0000")
    assert refusal(text).code is Code.SEAL_WRONG


def test_a_relay_without_a_key_cannot_vouch() -> None:
    found = refusal(sealed(ALICE, "#ops", at=NOW), user="plain_bot")
    assert (found.code, "relay_keys.plain_bot" in found.hint) == (Code.SEAL_WITHOUT_KEY, True)


@cases(
    ("age", "code"),
    [
        (299, None),
        (-299, None),
        (301, Code.SEAL_STALE),
        (-301, Code.SEAL_STALE),
        (10**9, Code.SEAL_STALE),
    ],
)
def test_a_seal_is_good_for_five_minutes(age: float, code: Code) -> None:
    text = sealed(ALICE, "#ops", at=NOW)
    if code is None:
        assert speaker(text, now=NOW + age).person_name == "alice"
        return
    found = refusal(text, now=NOW + age)
    assert found.code is code
    assert "clocks of the relay and of StackStorm differ" in found.hint
    assert "good for 5 min" in found.message


def test_how_long_a_seal_is_good_is_for_the_config_to_say() -> None:
    patient = settings(seal_valid_for="1h")
    text = sealed(ALICE, "#ops", at=NOW)
    assert identify(patient, text, "chatops_bot", "#ops", NOW + 3500).person_name == "alice"


@cases(
    "text",
    [
        f"{ALICE} hubot/0.4.0 {NOW:.3f} m1",
        f"{ALICE} hubot {NOW:.3f} m1 {'A' * 43}",
        f"{ALICE} hubot/0.4.0 now m1 {'A' * 43}",
        f"{ALICE} hubot/0.4.0 {NOW:.3f}  {'A' * 43}",
        f"{ALICE} hubot/0.4.0 {NOW:.3f} m1 {'A' * 42}",
        f"{ALICE} hubot/0.4.0 {NOW:.3f} m\n1 {'A' * 43}",
        f"{ALICE} hubot/0.4.0 {NOW:.3f} m1 {'A' * 43} more",
        f"{ALICE} is what I am called",
    ],
)
def test_a_text_that_is_not_in_the_form_is_refused(text: str) -> None:
    assert refusal(text).code is Code.SEAL_MALFORMED


def test_a_relay_of_another_version_is_believed_and_known_as_such() -> None:
    found = speaker(sealed(ALICE, "#ops", at=NOW, relay="hubot/0.3.9")).voucher
    assert found is not None
    assert not found.is_current


def test_who_asked_is_vouched_for_also_when_the_record_is_read_later() -> None:
    asked = speaker(sealed(ALICE, "#ops", at=NOW))
    later = recorded(SETTINGS, asked.recorded_name, "chatops_bot", "#ops")
    assert (later.person_name, later.is_vouched, later.key) == ("alice", True, asked.key)


def test_no_name_reads_as_a_recorded_identity() -> None:
    later = recorded(SETTINGS, ALICE, "chatops_bot", "#ops")
    assert (later.person, later.is_vouched) == (None, False)
    assert refusal(f"{ALICE} hubot/0.4.0").code is Code.SEAL_MALFORMED
