"""Encryption and credentials of the pager kind email, against real and scripted mail servers."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from typing import Any, Dict, Tuple

import pytest

from opsroom.errors import Code, Failure
from opsroom.http.errors import in_doubt
from support.pages.email import LOGIN, PAGE, PASSWORD, mail_of, pager_of
from support.servers.mail import MailServer, ScriptedSmtp, make_certificate
from support.troubles.pagers import pager_with
from support.troubles.table import failure, raised

# Where all is encrypted from the first byte, aiosmtpd does not know it.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


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
        return raised(pager_of(server.port, **raw).page, PAGE)


def _plain(*arguments: Any, **options: Any) -> Any:
    import smtplib

    return smtplib.SMTP(*arguments, **options)


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
        assert error.hint == "See pagers.duty.verify."
        assert not in_doubt(error)
        assert server.mails == []


def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Any) -> None:
    other = make_certificate(tmp_path, names="DNS:other.example.com")
    with MailServer(other) as server:
        failure = raised(pager_of(server.port, starttls=None, verify=other[0]).page, PAGE)
        assert "certificate that is not trusted" in failure.message
        assert server.mails == []


def test_a_server_without_encryption_gets_nothing_unless_that_is_wanted(server: MailServer) -> None:
    error = failure(Code.UNREACHABLE, pager_of(server.port, starttls=None).page, PAGE)
    assert "offers no encryption (STARTTLS), so nothing was sent" in error.message
    assert "pagers.duty.starttls: false" in error.hint
    assert not in_doubt(error)
    assert server.mails == []


def test_a_server_that_takes_back_its_encryption_gets_nothing() -> None:
    script = {"EHLO": "250-mail.example.com\r\n250 STARTTLS", "STARTTLS": "454 TLS not available"}
    with ScriptedSmtp(script) as server:
        failure = raised(pager_of(server.port, starttls=None).page, PAGE)
        assert "454 TLS not available" in failure.message
        assert not any(line.startswith(("MAIL", "AUTH")) for line in server.lines)


def test_an_encrypted_pager_at_a_port_in_the_clear_is_told_what_to_look_at(
    server: MailServer,
) -> None:
    failure = raised(pager_of(server.port, starttls=None, tls=True).page, PAGE)
    assert "TLS handshake failed" in failure.message
    assert "pagers.duty.tls and starttls" in failure.hint
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
    missing = raised(pager_of(server.port, verify="/nowhere/ca.pem").page, PAGE)
    assert "'/nowhere/ca.pem' does not exist" in missing.message
    pager = pager_of(server.port, starttls=None, tls=True, verify=str(nonsense))
    assert "holds no certificate that can be read" in raised(pager.page, PAGE).message


def test_wrong_credentials_are_told_without_them(certificate: Tuple[str, str]) -> None:
    with MailServer(certificate, login=("opsroom", "another")) as server:
        raw = {"starttls": None, "verify": certificate[0], "user": "opsroom", "password": PASSWORD}
        error = failure(Code.UNAUTHORIZED, pager_of(server.port, **raw).page, PAGE)
        assert "does not accept the credentials: 535" in error.message
        assert error.hint == "Renew pagers.duty.user and password."
        assert not in_doubt(error)


def test_credentials_that_are_missing_are_asked_for(certificate: Tuple[str, str]) -> None:
    with MailServer(certificate, login=LOGIN) as server:
        error = failure(
            Code.UNAUTHORIZED,
            pager_of(server.port, starttls=None, verify=certificate[0]).page,
            PAGE,
        )
        assert error.hint == "Set pagers.duty.user and password."


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


def test_the_ports_are_those_of_the_encryption() -> None:
    known = {"kind": "email", "host": "h", "sender": "a@b"}
    for raw, port, starttls in (
        ({}, 587, True),
        ({"tls": True}, 465, False),
        ({"starttls": False}, 587, False),
    ):
        options = pager_with({**known, **raw}, Path())._options
        assert (options.port, options.starttls) == (port, starttls)


def test_the_certificate_is_always_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    from opsroom import smtp

    context = smtp._Dialogue(smtp.Server("h", 25), "a@b", [], b"")._context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
