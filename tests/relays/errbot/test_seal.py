"""The sealed speaker is made as relays/README.md says, letter by letter."""

from __future__ import annotations

import json

import pytest
from opsroom_relay.seal import Sealer, identity_in, message_text, time_text, without_seals

from conftest import KEY, ROOT

VECTORS = json.loads((ROOT / "relays" / "vectors.json").read_text())


@pytest.mark.parametrize("one", VECTORS["sealed"], ids=lambda one: one["name"])
def test_each_example_is_sealed_as_it_stands(one: dict) -> None:
    sealer = Sealer(VECTORS["key"])
    sealed = sealer.seal(
        one["identity"], one["time"], one["message"], one["room"], relay=one["relay"]
    )
    assert sealed == one["user"]


@pytest.mark.parametrize("part", ["", "a b", "a\nb", "a\tb", "a\x00"])
def test_no_part_has_a_blank_or_is_empty(part: str) -> None:
    sealer = Sealer(KEY)
    for given in ((part, "1.000", "m"), ("x:a", part, "m"), ("x:a", "1.000", part)):
        with pytest.raises(ValueError, match="part"):
            sealer.seal(*given, "room")


def test_every_part_and_the_room_change_the_seal() -> None:
    parts = ["x:a", "1.000", "m", "room", "errbot/1"]
    seals = set()
    for at in range(len(parts) + 1):
        changed = [*parts]
        if at < len(parts):
            changed[at] += "2"
        seals.add(Sealer(KEY).seal(*changed).rpartition(" ")[2])
    assert len(seals) == len(parts) + 1


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        Sealer("k" * 31)


def test_what_a_client_calls_a_message_becomes_one_word() -> None:
    assert message_text("8f3c-1") == "8f3c-1"
    for name in ("a b", "", "a\nb", "x" * 201):
        assert len(message_text(name)) == 64
    assert message_text("a b") != message_text("a c")


def test_a_sealed_speaker_is_known_and_taken_out_of_texts() -> None:
    sealed = Sealer(KEY).seal("xmpp:alice@example.com", time_text(1.25), "m", "room")
    assert identity_in(sealed) == "xmpp:alice@example.com"
    assert identity_in("alice") is None
    assert identity_in(None) is None
    assert without_seals(f"{sealed} (unknown here)", "alice") == "alice (unknown here)"
    assert without_seals(f"{sealed}.", "") == "xmpp:alice@example.com."
