"""The pager kind email, against a real mail server."""

from __future__ import annotations

import base64
import re
import socket
import ssl
import threading
from dataclasses import replace
from typing import Any, Dict, Tuple

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code, Failure, OpsroomError, Refusal
from opsroom.http.errors import in_doubt
from opsroom.pagers import REGISTRY, Delivery, OnCall, Page, State, Target
from opsroom.people import Author
from support.http_server import free_port
from support.mail_server import MailServer, ScriptedSmtp, make_certificate
from support.troubles import failure

PASSWORD = "mail-5ecret-value"
LOGIN = ("opsroom", PASSWORD)
ALICE = Author(
    "alice", "#ops", email="alice@example.com", link="https://st2.example.com/#/history/65f0"
)
WEB = Target("address", "web@example.com", "web@example.com")
BOTH = Target("address", "web@example.com,bob@example.com", "web@example.com and bob@example.com")
# Where all is encrypted from the first byte, aiosmtpd does not know it.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
PAGE = Page(
    WEB, "checkout is down\nsince 14:02", urgent=False, mark="ops0123456789abc", author=ALICE
)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Tuple[str, str]:
    return make_certificate(tmp_path_factory.mktemp("mail-tls"))


@pytest.fixture
def server() -> Any:
    """One without encryption: what is said to it does not depend on it."""
    with MailServer() as running:
        yield running


def options_of(**raw: Any) -> Any:
    problems = Problems()
    fields = Fields(raw, "pagers.mail", problems)
    options = REGISTRY.read_options("email", fields)
    fields.finish()
    return options, problems.lines


def pager_of(port: int, **raw: Any) -> Any:
    known = {
        "host": "127.0.0.1",
        "port": port,
        "sender": "opsroom@ops.example.com",
        "starttls": False,
    }
    options, lines = options_of(
        **{key: value for key, value in {**known, **raw}.items() if value is not None}
    )
    assert lines == []
    return REGISTRY.make("email", options, name="mail", store=None, keep=None)


def error_of(call: Any, *arguments: Any) -> OpsroomError:
    with pytest.raises(OpsroomError) as caught:
        call(*arguments)
    error = caught.value
    assert error.message.endswith(".")
    everything = str(error) + error.hint + repr(error.facts)
    for secret in (PASSWORD, base64.b64encode(f"\0opsroom\0{PASSWORD}".encode()).decode()):
        assert secret not in everything
    return error


def failure_of(call: Any, *arguments: Any) -> Failure:
    error = error_of(call, *arguments)
    assert isinstance(error, Failure)
    return error


def mail_of(server: MailServer, page: Page = PAGE, **raw: Any) -> Any:
    pager_of(server.port, **raw).page(page)
    return server.mails[-1]


# What is sent.


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


# Encryption and credentials.


def test_starttls_is_taken_before_anything_is_said(certificate: Tuple[str, str]) -> None:
    with MailServer(certificate, login=LOGIN) as server:
        raw = {"starttls": None, "verify": certificate[0], "user": "opsroom", "password": PASSWORD}
        mail = mail_of(server, **raw)
        assert (mail.encrypted, mail.user) == (True, "opsroom")


def test_an_encrypted_port_is_spoken_to_encrypted(certificate: Tuple[str, str]) -> None:
    with MailServer(certificate, tls=True, login=LOGIN) as server:
        raw = {
            "starttls": None,
            "tls": True,
            "verify": certificate[0],
            "user": "opsroom",
            "password": PASSWORD,
        }
        mail = mail_of(server, **raw)
        assert (mail.encrypted, mail.user) == (True, "opsroom")


@pytest.mark.parametrize("tls", [False, True])
def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    certificate: Tuple[str, str], tls: bool
) -> None:
    with MailServer(certificate, tls=tls) as server:
        error = failure(Code.UNREACHABLE, pager_of(server.port, starttls=None, tls=tls).page, PAGE)
        assert "certificate that is not trusted" in error.message
        assert error.hint == "See pagers.mail.verify."
        assert not in_doubt(error)
        assert server.mails == []


def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Any) -> None:
    other = make_certificate(tmp_path, names="DNS:other.example.com")
    with MailServer(other) as server:
        failure = failure_of(pager_of(server.port, starttls=None, verify=other[0]).page, PAGE)
        assert "certificate that is not trusted" in failure.message
        assert server.mails == []


def test_a_server_without_encryption_gets_nothing_unless_that_is_wanted(server: MailServer) -> None:
    error = failure(Code.UNREACHABLE, pager_of(server.port, starttls=None).page, PAGE)
    assert "offers no encryption (STARTTLS), so nothing was sent" in error.message
    assert "pagers.mail.starttls: false" in error.hint
    assert not in_doubt(error)
    assert server.mails == []


def test_a_server_that_takes_back_its_encryption_gets_nothing() -> None:
    script = {"EHLO": "250-mail.example.com\r\n250 STARTTLS", "STARTTLS": "454 TLS not available"}
    with ScriptedSmtp(script) as server:
        failure = failure_of(pager_of(server.port, starttls=None).page, PAGE)
        assert "454 TLS not available" in failure.message
        assert not any(line.startswith(("MAIL", "AUTH")) for line in server.lines)


def test_an_encrypted_pager_at_a_port_in_the_clear_is_told_what_to_look_at(
    server: MailServer,
) -> None:
    failure = failure_of(pager_of(server.port, starttls=None, tls=True).page, PAGE)
    assert "TLS handshake failed" in failure.message
    assert "pagers.mail.tls and starttls" in failure.hint
    assert not in_doubt(failure)


def test_a_pager_in_the_clear_at_an_encrypted_port_is_told_what_to_look_at(
    certificate: Tuple[str, str],
) -> None:
    with MailServer(certificate, tls=True) as server:
        error = failure(Code.TIMED_OUT, pager_of(server.port, time_limit=0.5).page, PAGE)
        assert "tls" in error.hint
        assert not in_doubt(error)


def test_a_ca_file_that_is_missing_or_none_is_named(server: MailServer, tmp_path: Any) -> None:
    nonsense = tmp_path / "ca.pem"
    nonsense.write_text("nonsense")
    missing = failure_of(pager_of(server.port, verify="/nowhere/ca.pem").page, PAGE)
    assert "'/nowhere/ca.pem' does not exist" in missing.message
    pager = pager_of(server.port, starttls=None, tls=True, verify=str(nonsense))
    assert "holds no certificate that can be read" in failure_of(pager.page, PAGE).message


def test_wrong_credentials_are_told_without_them(certificate: Tuple[str, str]) -> None:
    with MailServer(certificate, login=("opsroom", "another")) as server:
        raw = {"starttls": None, "verify": certificate[0], "user": "opsroom", "password": PASSWORD}
        error = failure(Code.UNAUTHORIZED, pager_of(server.port, **raw).page, PAGE)
        assert "does not accept the credentials: 535" in error.message
        assert error.hint == "Renew pagers.mail.user and password."
        assert not in_doubt(error)


def test_credentials_that_are_missing_are_asked_for(certificate: Tuple[str, str]) -> None:
    with MailServer(certificate, login=LOGIN) as server:
        error = failure(
            Code.UNAUTHORIZED,
            pager_of(server.port, starttls=None, verify=certificate[0]).page,
            PAGE,
        )
        assert error.hint == "Set pagers.mail.user and password."


def logged_in(
    script: Dict[str, Any], certificate: Tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> Failure:
    """The failure of a page at a scripted server; the script itself cannot encrypt, so that part is
    left out."""
    monkeypatch.setattr(
        "smtplib.SMTP_SSL", lambda *arguments, context, **options: _plain(*arguments, **options)
    )
    raw = {"starttls": None, "tls": True, "user": "opsroom", "password": PASSWORD}
    with ScriptedSmtp(script) as server:
        return failure_of(pager_of(server.port, **raw).page, PAGE)


def _plain(*arguments: Any, **options: Any) -> Any:
    import smtplib

    return smtplib.SMTP(*arguments, **options)


@pytest.mark.parametrize(
    ("login", "reply", "code", "words"),
    [
        ("250 8BITMIME", "", Code.UNAUTHORIZED, "takes no user and password"),
        ("250 AUTH X-STRANGE", "", Code.UNAUTHORIZED, "offers no login method"),
        (
            "250 AUTH PLAIN",
            "454 try later",
            Code.UNREACHABLE,
            "cannot check the credentials now: 454 try later",
        ),
        (
            "250 AUTH PLAIN",
            f"535 bad {PASSWORD} "
            f"{base64.b64encode(f'{chr(0)}opsroom{chr(0)}{PASSWORD}'.encode()).decode()}",
            Code.UNAUTHORIZED,
            "535 bad *** ***",
        ),
    ],
)
def test_each_trouble_with_logging_in_has_its_sentence(
    certificate: Tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    login: str,
    reply: str,
    code: Code,
    words: str,
) -> None:
    script = {"EHLO": f"250-mail.example.com\r\n{login}", "AUTH": reply or "500 no"}
    failure = logged_in(script, certificate, monkeypatch)
    assert failure.code is code
    assert words in failure.message
    assert not in_doubt(failure)


# What the server says.


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
    error = error_of(pager_of(server.port).page, replace(PAGE, target=BOTH))
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
    assert "pagers.mail.sender" in error.hint


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


# A lost answer.


@pytest.mark.parametrize(("after", "kept"), [("drop", 1), ("unkept", 0)])
def test_a_connection_lost_after_the_message_is_in_doubt_and_it_cannot_be_looked_up(
    server: MailServer, after: str, kept: int
) -> None:
    server.after_data = after
    pager = pager_of(server.port)
    failure = failure_of(pager.page, PAGE)
    assert in_doubt(failure)
    assert len(server.mails) == kept
    refused = error_of(pager.find, PAGE)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.NOT_POSSIBLE
    assert refused.message == "mail is e-mail and cannot say whether a page arrived."
    assert len(server.mails) == kept


def test_a_server_that_is_slow_with_its_answer_is_in_doubt(server: MailServer) -> None:
    server.hold = threading.Event()
    failure = failure_of(pager_of(server.port, time_limit=2).page, PAGE)
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
        failure = failure_of(pager_of(server.port, time_limit=1).page, PAGE)
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
    # The worker is held back where it would send, until whoever waited was told that nothing was
    # sent.
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
        failure = failure_of(pager_of(server.port, time_limit=0.2).page, PAGE)
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
        assert error.hint == "See pagers.mail.host."


# What it cannot do.


def test_nobody_can_be_written_to_whom_the_config_does_not_name(server: MailServer) -> None:
    pager = pager_of(server.port)
    assert pager.look_up("eve@example.com") == ()
    assert (
        error_of(pager.page, replace(PAGE, target=Target("user", "eve"))).code is Code.NOT_POSSIBLE
    )


def test_a_person_is_written_to_at_their_address() -> None:
    pager = pager_of(25)
    assert pager.person("b@pager.example.com", "bob@example.com", "bob") == Target(
        "address", "b@pager.example.com", "bob"
    )
    assert pager.person("", "bob@example.com", "bob") == Target("address", "bob@example.com", "bob")
    assert pager.person("", "", "bob") is None
    assert pager.person("bob", "bob@example.com\nBcc: x", "bob") is None


# The config.


def test_the_ports_are_those_of_the_encryption() -> None:
    known = {"host": "h", "sender": "a@b"}
    for raw, port, starttls in (
        ({}, 587, True),
        ({"tls": True}, 465, False),
        ({"starttls": False}, 587, False),
    ):
        options, lines = options_of(**known, **raw)
        assert lines == []
        assert (options.port, options.starttls) == (port, starttls)


def test_the_certificate_is_always_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    from opsroom import smtp

    context = smtp._Dialogue(smtp.Server("h", 25), "a@b", [], b"")._context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
