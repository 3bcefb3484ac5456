"""What the pager kind email sends, against a real mail server."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from opsroom.errors import Code
from opsroom.pagers import Delivery, OnCall, State, Target
from opsroom.people import Author
from support.pages.email import BOTH, PAGE, mail_of, pager_of
from support.servers.mail import MailServer
from support.troubles.table import raised

# Where all is encrypted from the first byte, aiosmtpd does not know it.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def test_a_page_is_one_message_that_says_what_who_where_and_how_to_answer(
    server: MailServer,
) -> None:
    paged = pager_of(server.port).page(PAGE)
    (mail,) = server.mails
    assert mail.sender == "opsroom@ops.example.com"
    assert mail.recipients == ("web@example.com",)
    message = mail.message
    assert message["Subject"] == "checkout is down"
    assert message["From"] == "alice via opsroom <opsroom@ops.example.com>"
    assert message["To"] == "web@example.com"
    assert message["Reply-To"] == "alice@example.com"
    assert message["Message-ID"] == "<ops0123456789abc@ops.example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Opsroom-Mark"] == "ops0123456789abc"
    assert message["Date"].datetime is not None
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "utf-8"
    assert mail.text == (
        "checkout is down\nsince 14:02\n\n"
        "alice (in #ops) via opsroom, https://st2.example.com/#/history/65f0\n"
        "To acknowledge it, write in #ops: ack page ops0123456789abc\n"
    )
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.on_call == (OnCall("web@example.com"),)
    assert paged.notes == (
        "The mail server accepted it; e-mail does not report whether anyone reads it.",
    )
    incident = paged.incident
    assert (incident.id, incident.number, incident.state) == (PAGE.mark, PAGE.mark, State.TRIGGERED)
    assert (incident.title, incident.target) == ("checkout is down", "web@example.com")
    assert incident.people == ("web@example.com",)


def test_the_dialogue_ends_with_a_goodbye(server: MailServer) -> None:
    pager_of(server.port).page(PAGE)
    assert server.goodbyes.wait(20)


def test_only_an_urgent_page_has_priority(server: MailServer) -> None:
    names = ("Importance", "Priority", "X-Priority")
    assert [mail_of(server).message[name] for name in names] == [None, None, None]
    mail = mail_of(server, replace(PAGE, urgent=True))
    assert [mail.message[name] for name in names] == ["high", "urgent", "1"]
    assert "\nIt is urgent.\n" in mail.text


def test_a_page_to_several_is_one_message_to_all(server: MailServer) -> None:
    paged = pager_of(server.port).page(replace(PAGE, target=BOTH))
    (mail,) = server.mails
    assert mail.recipients == ("web@example.com", "bob@example.com")
    assert mail.message["To"] == "web@example.com, bob@example.com"
    assert paged.on_call == (OnCall("web@example.com"), OnCall("bob@example.com"))


@pytest.mark.parametrize(
    "text",
    [
        ".\n..\n.end\nQUIT\n.",
        "日本語 ünï 🔥",
        "x" * 30_000,
        "ü" * 30_000,
        "word " * 6_000 + "end",
    ],
)
def test_a_text_arrives_whole_and_in_lines_that_every_server_takes(
    server: MailServer, text: str
) -> None:
    mail = mail_of(server, replace(PAGE, text=text))
    assert mail.text.startswith(text + "\n\nalice (in #ops)")
    assert mail.raw.isascii()
    assert max(len(line) for line in mail.raw.split(b"\r\n")) <= 998
    assert len(str(mail.message["Subject"])) <= 100


def test_what_mail_cannot_carry_is_left_out(server: MailServer) -> None:
    mail = mail_of(server, replace(PAGE, text="a\0b\x1b[2J \ud800\r\nc\rd"))
    assert mail.text.startswith("ab[2J ?\nc\nd\n\n")
    assert mail.message["Subject"] == "ab[2J ?"


def test_a_long_first_line_is_cut_in_the_subject_only(server: MailServer) -> None:
    text = "checkout is down " * 20 + "\nmore"
    mail = mail_of(server, replace(PAGE, text=text))
    assert len(mail.message["Subject"]) <= 100
    assert mail.message["Subject"].endswith("…")
    assert mail.text.startswith(text)


@pytest.mark.parametrize(
    "evil", ["a\r\nBcc: eve@example.com", "a\nBcc: eve@example.com", "a\u2028Bcc: eve@example.com"]
)
def test_nothing_that_people_type_becomes_a_header_or_a_recipient(
    server: MailServer, evil: str
) -> None:
    author = Author(evil, room=evil, email=evil, link=evil)
    mail = mail_of(server, replace(PAGE, text=evil, author=author))
    assert mail.message["Bcc"] is None
    assert mail.message["Reply-To"] is None
    assert not re.search(rb"(?im)^bcc:", mail.raw.partition(b"\r\n\r\n")[0])
    assert mail.recipients == ("web@example.com",)


def test_names_with_signs_and_other_letters_stay_names(server: MailServer) -> None:
    for name in ('Ann "A" <x@example.com>', "Bjørn, 日本", "=?utf-8?q?x?=", ""):
        address = mail_of(server, replace(PAGE, author=Author(name))).message["From"].addresses[0]
        assert address.addr_spec == "opsroom@ops.example.com"


def test_who_asked_elsewhere_than_in_a_room_is_answered_in_the_chat(server: MailServer) -> None:
    text = mail_of(server, replace(PAGE, author=Author("alice"))).text
    assert "\n\nalice via opsroom\nTo acknowledge it, write in the chat: ack page " in text


def test_nobody_can_be_written_to_whom_the_config_does_not_name(server: MailServer) -> None:
    pager = pager_of(server.port)
    assert pager.look_up("eve@example.com") == ()
    assert raised(pager.page, replace(PAGE, target=Target("user", "eve"))).code is Code.NOT_POSSIBLE


def test_a_person_is_written_to_at_their_address() -> None:
    pager = pager_of(25)
    assert pager.person("b@pager.example.com", "bob@example.com", "bob") == Target(
        "address", "b@pager.example.com", "bob"
    )
    assert pager.person("", "bob@example.com", "bob") == Target("address", "bob@example.com", "bob")
    assert pager.person("", "", "bob") is None
    assert pager.person("bob", "bob@example.com\nBcc: x", "bob") is None
