"""What the relay makes of XMPP's stanzas, through the code of errbot's backend and slixmpp."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, List
from xml.etree import ElementTree

import pytest
from backends import Listening, config
from errbot.backends.xmpp import XMPPBackend
from opsroom_relay.chats.xmpp import XmppChat
from slixmpp import JID

ROOM = "ops@conference.example.com"


@pytest.fixture
def xmpp(monkeypatch: pytest.MonkeyPatch) -> Listening:
    asyncio.set_event_loop(asyncio.new_event_loop())
    identity = {"username": "bot@example.com", "password": "p"}
    bot = XMPPBackend(config(BOT_IDENTITY=identity, CHATROOM_FN="bot"))
    made = Listening(bot, XmppChat(bot))
    muc = bot.conn.client.plugin["xep_0045"]
    muc.rooms[ROOM] = {
        "alice": {"jid": JID("Alice@Example.com/phone")},
        "bob": {"jid": ""},
        "bot": {"jid": JID("bot@example.com/x")},
    }
    muc.our_nicks[ROOM] = "bot"
    return made


def stanza(xmpp: Listening, sender: str, kind: str = "groupchat", *more: str) -> Any:
    made = xmpp.bot.conn.client.make_message(
        mto="bot@example.com", mbody="!deploy  web\n\n<b> &amp;", mtype=kind, mfrom=sender
    )
    made["id"] = "8f3c2a1e-0b"
    for one in more:
        made.xml.append(ElementTree.fromstring(one))
    return made


def hear(xmpp: Listening, *given: str) -> Any:
    # As slixmpp does, with the handlers that are registered.
    xmpp.bot.conn.client.event("message", stanza(xmpp, *given))
    return xmpp.last()


def test_in_a_room_the_speaker_is_who_has_the_nick(xmpp: Listening) -> None:
    message, heard = hear(xmpp, f"{ROOM}/alice")
    assert (heard.identity, heard.name) == ("xmpp:alice@example.com", "alice")
    assert heard.message == "8f3c2a1e-0b"
    assert xmpp.chat.room(message, heard) == ROOM
    assert message.body == "!deploy  web\n\n<b> &amp;"
    assert len(xmpp.got) == 1
    muc = xmpp.bot.conn.client.plugin["xep_0045"]
    muc.rooms[ROOM]["alice"] = {"jid": JID("mallory@example.com/x")}
    assert hear(xmpp, f"{ROOM}/alice")[1].identity == "xmpp:mallory@example.com"


def test_a_nick_whose_jid_is_hidden_is_nobody(xmpp: Listening) -> None:
    for nick in ("bob", "stranger"):
        heard = hear(xmpp, f"{ROOM}/{nick}")[1]
        assert heard.identity == ""
        assert "hides who is speaking" in heard.hidden


def test_in_private_the_speaker_is_the_jid_with_its_domain(xmpp: Listening) -> None:
    for domain in ("example.com", "evil.example"):
        message, heard = hear(xmpp, f"alice@{domain}/phone", "chat")
        assert heard.identity == f"xmpp:alice@{domain}"
        assert xmpp.chat.room(message, heard) == f"alice@{domain}"


def test_a_private_message_through_a_room_is_refused(xmpp: Listening) -> None:
    through = "<x xmlns='http://jabber.org/protocol/muc#user'/>"
    for given in ((f"{ROOM}/alice", "chat"), ("x@other.example/alice", "chat", through)):
        heard = hear(xmpp, *given)[1]
        assert heard.identity == ""
        assert "through a room" in heard.hidden


def test_corrections_and_history_are_recognised(xmpp: Listening) -> None:
    replace = "<replace xmlns='urn:xmpp:message-correct:0' id='1'/>"
    delay = "<delay xmlns='urn:xmpp:delay' stamp='2026-11-30T10:00:00Z'/>"
    plain = hear(xmpp, f"{ROOM}/alice")[1]
    assert (plain.edit, plain.old, plain.own) == (False, False, False)
    assert hear(xmpp, f"{ROOM}/alice", "groupchat", replace)[1].edit
    assert hear(xmpp, f"{ROOM}/alice", "groupchat", delay)[1].old
    assert hear(xmpp, f"{ROOM}/bot")[1].own
    assert not hear(xmpp, ROOM)[1].typed


def test_the_name_of_the_room_counts_more_than_the_clients(xmpp: Listening) -> None:
    sid = "<stanza-id xmlns='urn:xmpp:sid:0' by='{}' id='5f3dbc5e'/>"
    theirs, others = sid.format(ROOM), sid.format("mallory@example.com")
    assert hear(xmpp, f"{ROOM}/alice", "groupchat", theirs)[1].message == "5f3dbc5e"
    assert hear(xmpp, f"{ROOM}/alice", "groupchat", others)[1].message == "8f3c2a1e-0b"
    origin = "<origin-id xmlns='urn:xmpp:sid:0' id='de305d54-75b4'/>"
    assert hear(xmpp, f"{ROOM}/alice", "groupchat", origin)[1].message == "de305d54-75b4"


@pytest.mark.parametrize("given", ["", "7", "purple1"])
def test_a_message_without_a_name_of_its_own_gets_one(xmpp: Listening, given: str) -> None:
    names = set()
    for _ in range(2):
        made = stanza(xmpp, f"{ROOM}/alice")
        del made["id"]
        if given:
            made["id"] = given
        xmpp.bot.conn.client.event("message", made)
        heard = xmpp.last()[1]
        assert heard.key is None
        names.add(heard.message)
    assert len(names) == 2


def test_answers_go_out_as_they_are(xmpp: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: List[Dict[str, Any]] = []
    client = xmpp.bot.conn.client
    monkeypatch.setattr(client, "send_message", lambda **given: sent.append(given))
    text = "#12 *done*\n\n  &amp; <b>"
    xmpp.chat.post(hear(xmpp, f"{ROOM}/alice")[1].place, text)
    xmpp.chat.post(hear(xmpp, "alice@example.com/phone", "chat")[1].place, text)
    client.loop.run_until_complete(asyncio.sleep(0))
    assert sent == [
        {"mto": ROOM, "mbody": text, "mtype": "groupchat"},
        {"mto": "alice@example.com/phone", "mbody": text, "mtype": "chat"},
    ]
    assert xmpp.chat.place(ROOM) == ((ROOM, "groupchat"), True)
    assert xmpp.chat.place("alice@example.com") == (("alice@example.com", "chat"), False)
    with pytest.raises(ValueError, match="no JID"):
        xmpp.chat.place("#ops")


def test_errbot_knows_rooms_and_people_by_their_jid(xmpp: Listening) -> None:
    kinds = [
        type(xmpp.bot.build_identifier(one)).__name__
        for one in (ROOM, f"{ROOM}/alice", "alice@example.com", "alice@example.com/phone")
    ]
    assert kinds == ["XMPPRoom", "XMPPRoomOccupant", "XMPPPerson", "XMPPPerson"]
