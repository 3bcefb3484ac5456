"""What a mail server says when something goes wrong, and whether the page may have gone out."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from typing import Any, Dict

import pytest

from opsroom.errors import Code, Refusal
from opsroom.http.errors import in_doubt
from opsroom.pagers import Delivery, OnCall
from support.pages.email import BOTH, PAGE, pager_of
from support.servers.http import free_port
from support.servers.mail import MailServer, ScriptedSmtp
from support.troubles.table import failure, raised

# Where all is encrypted from the first byte, aiosmtpd does not know it.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def test_an_address_that_is_refused_is_told_and_the_others_are_paged(server: MailServer) -> None:
    server.refuse["bob@example.com"] = "550 5.1.1 no such user {{ x }}"
    paged = pager_of(server.port).page(replace(PAGE, target=BOTH))
    assert paged.delivery is Delivery.ACCEPTED
    assert paged.on_call == (OnCall("web@example.com"),)
    assert paged.incident.people == ("web@example.com",)
    assert paged.notes[0] == (
        "bob@example.com does not get it; the mail server refused that address: 550 5.1.1 no "
        "such user { { x } }."
    )
    assert server.mails[0].recipients == ("web@example.com",)


def test_when_all_addresses_are_refused_nothing_is_sent(server: MailServer) -> None:
    server.refuse = {"web@example.com": "550 no such user", "bob@example.com": "550 neither"}
    error = raised(pager_of(server.port).page, replace(PAGE, target=BOTH))
    assert isinstance(error, Refusal)
    assert error.code is Code.NOT_ACCEPTED
    assert "does not take mail for web@example.com and 1 more: 550 no such user." in error.message
    assert error.facts["sent"] is False
    assert server.mails == []


def test_when_it_takes_none_for_now_that_is_a_failure_that_was_certainly_not_sent(
    server: MailServer,
) -> None:
    server.refuse = {"web@example.com": "450 greylisted"}
    error = failure(Code.NOT_ACCEPTED, pager_of(server.port).page, PAGE)
    assert "now: 450 greylisted" in error.message
    assert not in_doubt(error)


def test_a_sender_that_is_refused_is_named(server: MailServer) -> None:
    server.refuse_sender = "553 not yours"
    error = failure(Code.NOT_ACCEPTED, pager_of(server.port).page, PAGE)
    assert "does not take mail from opsroom@ops.example.com: 553 not yours" in error.message
    assert "pagers.duty.sender" in error.hint


@pytest.mark.parametrize(
    "answer", ["554 looks like spam", "451 disk full", "552 too big", "421 closing"]
)
def test_a_message_that_is_refused_was_certainly_not_sent(server: MailServer, answer: str) -> None:
    server.answer = answer
    error = failure(Code.NOT_ACCEPTED, pager_of(server.port).page, PAGE)
    assert f"does not take the message: {answer}." in error.message
    assert not in_doubt(error)


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ({"greeting": "554 go away"}, Code.UNREACHABLE, "refuses the connection: 554 go away"),
        ({"greeting": "421 too busy"}, Code.UNREACHABLE, "refuses the connection: 421 too busy"),
        ({"greeting": ""}, Code.UNREACHABLE, "closed the connection"),
        ({"greeting": "HTTP/1.1 400 Bad Request"}, Code.BAD_ANSWER, "not SMTP"),
        ({"greeting": b"\xff\xfe\x00"}, Code.BAD_ANSWER, "not SMTP"),
        ({"greeting": "220 " + "x" * 20_000}, Code.UNREACHABLE,
         "refuses the connection: 500 Line too long"),
        ({"EHLO": "502 no", "HELO": "502 no"}, Code.UNREACHABLE, "refuses the connection: 502 no"),
        ({"EHLO": ""}, Code.UNREACHABLE, "closed the connection"),
        ({"MAIL": "nonsense"}, Code.BAD_ANSWER, "not SMTP"),
        ({"MAIL": ""}, Code.UNREACHABLE, "closed the connection"),
        ({"RCPT": "421 closing"}, Code.UNREACHABLE, "ended the dialogue: 421 closing"),
        ({"RCPT": ""}, Code.UNREACHABLE, "closed the connection"),
        ({"DATA": "451 not now"}, Code.NOT_ACCEPTED, "does not take the message: 451 not now"),
        ({"DATA": "nonsense"}, Code.BAD_ANSWER, "not SMTP"),
        ({"DATA": ""}, Code.UNREACHABLE, "closed the connection"),
    ],
)  # fmt: skip
def test_what_goes_wrong_before_the_message_was_certainly_not_sent(
    script: Dict[str, Any], code: Code, words: str
) -> None:
    with ScriptedSmtp(script) as server:
        error = failure(code, pager_of(server.port).page, PAGE)
        assert words in error.message
        assert "mail server 127.0.0.1:" in error.message
        assert not in_doubt(error)
        assert "message" not in server.lines


@pytest.mark.parametrize(("said", "code"), [("", Code.UNREACHABLE), ("nonsense", Code.BAD_ANSWER)])
def test_what_goes_wrong_after_the_message_is_in_doubt(said: str, code: Code) -> None:
    with ScriptedSmtp({"message": said}) as server:
        error = failure(code, pager_of(server.port).page, PAGE)
        assert in_doubt(error)
        assert server.lines.count("message") == 1


@pytest.mark.parametrize(("after", "kept"), [("drop", 1), ("unkept", 0)])
def test_a_connection_lost_after_the_message_is_in_doubt_and_it_cannot_be_looked_up(
    server: MailServer, after: str, kept: int
) -> None:
    server.after_data = after
    pager = pager_of(server.port)
    failure = raised(pager.page, PAGE)
    assert in_doubt(failure)
    assert len(server.mails) == kept
    refused = raised(pager.find, PAGE)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.NOT_POSSIBLE
    assert refused.message == "duty is e-mail and cannot say whether a page arrived."
    assert len(server.mails) == kept


def test_a_server_that_is_slow_with_its_answer_is_in_doubt(server: MailServer) -> None:
    server.hold = threading.Event()
    failure = raised(pager_of(server.port, time_limit=2).page, PAGE)
    assert server.arrived.wait(20)
    assert failure.code is Code.TIMED_OUT
    assert in_doubt(failure)


@pytest.mark.parametrize("command", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
def test_the_time_limit_is_for_all_of_it_and_nothing_is_sent_once_it_is_over(command: str) -> None:
    go_on, asked = threading.Event(), threading.Event()
    normal = {"greeting": "220 hello", "DATA": "354 go on"}.get(command, "250 OK")

    def late() -> str:
        asked.set()
        go_on.wait(20)
        return normal

    with ScriptedSmtp({command: late}) as server:
        failure = raised(pager_of(server.port, time_limit=1).page, PAGE)
        assert asked.is_set()
        assert failure.code is Code.TIMED_OUT
        assert failure.message.endswith("did not finish within 1 s.")
        assert not in_doubt(failure)
        go_on.set()
        with ScriptedSmtp({}) as other:  # something else goes through meanwhile
            pager_of(other.port).page(PAGE)
        assert "message" not in server.lines


def test_when_time_is_over_just_before_the_message_it_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The worker is held back where it would send, until the caller was told that nothing was sent.
    from opsroom import smtp

    over, held = threading.Event(), threading.Event()

    class Slow(smtp._Dialogue):
        def _hand_over(self, client: Any) -> None:
            over.wait(20)
            try:
                super()._hand_over(client)
            finally:
                held.set()

        def _limit(self, client: Any) -> None:
            """As if its own clock were slow: only the gate is left."""

    monkeypatch.setattr(smtp, "_Dialogue", Slow)
    with ScriptedSmtp({}) as server:
        failure = raised(pager_of(server.port, time_limit=0.2).page, PAGE)
        assert not in_doubt(failure)
        over.set()
        assert held.wait(20)
        assert "message" not in server.lines


def test_a_server_that_is_down_or_unknown_was_certainly_not_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = failure(Code.UNREACHABLE, pager_of(free_port()).page, PAGE)
    assert "connection refused" in error.message
    assert not in_doubt(error)

    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for host in ("no-such-host.invalid", "a..b"):
        error = failure(Code.UNREACHABLE, pager_of(25, host=host).page, PAGE)
        assert not in_doubt(error)
        assert error.hint == "See pagers.duty.host."
