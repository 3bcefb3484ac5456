"""Sending a message by SMTP: one time limit for all of it, encryption unless the config turns it
off, an exact report of what went out, and errors as sentences."""

from __future__ import annotations

import base64
import os
import re
import smtplib
import socket
import ssl
import threading
import time
from dataclasses import field
from typing import List, Optional, Sequence, Tuple

from .errors import Code, Failure, OpsroomError, Refusal
from .secrets import redact
from .structs import dataclass
from .text import one_line

_MAX_REPLY = 160


def late(server: Server, sent: bool) -> Failure:
    """The failure that the time is over; `sent` when the message may have been taken anyway."""
    message = f"{server.shown} did not finish within {server.time_limit:g} s."
    hint = "" if sent else f"See {server.key}: host, port, tls, starttls and time_limit."
    return Failure(Code.TIMED_OUT, message, hint, {"sent": sent})


def explain(error: Exception, server: Server, sent: bool) -> Optional[Failure]:
    """The failure that an exception of smtplib, ssl or the system means; None when it is a mistake
    of ours."""

    def failure(code: Code, what: str, hint: str = "") -> Failure:
        return Failure(code, f"{server.shown} {what}.", hint, {"sent": sent})

    tls = f"See {server.key}.tls and starttls: 465 wants tls, 587 and 25 starttls."
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message or "it cannot be checked"
        return failure(
            Code.UNREACHABLE,
            f"has a certificate that is not trusted: {reason}",
            f"See {server.key}.verify.",
        )
    if isinstance(error, ssl.SSLError):
        return failure(Code.UNREACHABLE, "is unreachable (TLS handshake failed)", tls)
    if isinstance(error, socket.gaierror):
        return failure(
            Code.UNREACHABLE,
            "is unreachable (host name not found in DNS)",
            f"See {server.key}.host.",
        )
    if isinstance(error, ConnectionRefusedError):
        return failure(
            Code.UNREACHABLE,
            "is unreachable (connection refused)",
            f"See {server.key}.port.",
        )
    if isinstance(
        error, socket.timeout
    ):  # on Python 3.8 and 3.9 it is not yet the same as TimeoutError
        return late(server, sent)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        # smtplib says this of a connection that timed out, too.
        if isinstance(error.__context__, socket.timeout):
            return late(server, sent)
        return failure(Code.UNREACHABLE, "closed the connection", "" if sent else tls)
    if isinstance(error, smtplib.SMTPResponseException):
        if not 400 <= error.smtp_code < 600:
            return failure(Code.BAD_ANSWER, "answered something that is not SMTP", tls)
        words = quoted(server, error.smtp_code, error.smtp_error)
        return failure(Code.UNREACHABLE, f"refuses the connection: {words}")
    if isinstance(error, smtplib.SMTPException):
        return failure(
            Code.UNAUTHORIZED,
            "offers no login method that opsroom supports",
            f"See {server.key}.user.",
        )
    if isinstance(error, UnicodeError):
        return failure(
            Code.UNREACHABLE,
            "is unreachable (its name is malformed)",
            f"See {server.key}.host.",
        )
    if isinstance(error, OSError):
        return failure(Code.UNREACHABLE, "is unreachable, or closed the connection")
    return None


def quoted(server: Server, code: int, reply: object) -> str:
    """A reply of the server as a part of a sentence, without the credentials, which it may
    repeat."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return one_line(f"{code} {redact(text, _secrets(server))}", _MAX_REPLY).rstrip(". ")


def _secrets(server: Server) -> List[str]:
    if not server.password:
        return []
    forms = [server.password, f"\0{server.user}\0{server.password}"]
    return [
        *forms,
        *(base64.b64encode(one.encode("utf-8", "replace")).decode("ascii") for one in forms),
    ]


# Seconds that the worker gets beyond the time limit to report what went wrong.
_GRACE = 0.25
_GOODBYE = 1.0


@dataclass(frozen=True)
class Server:
    """A mail server. `tls`: encrypted from the first byte; `starttls`: encrypted before anything is
    said; neither is in the clear. `verify` is the path of a CA file, empty for the system's.
    `time_limit` (seconds) is for all of a dialogue. `key` is its place in the config, for
    hints: `pagers.mail`.
    """

    host: str
    port: int
    tls: bool = False
    starttls: bool = True
    user: str = ""
    password: str = field(default="", repr=False)
    verify: str = ""
    time_limit: float = 10.0
    key: str = ""

    @property
    def shown(self) -> str:
        """As a sentence names it."""
        return f"The mail server {self.host}:{self.port}"


@dataclass(frozen=True)
class Taken:
    """What the server took: for whom, and for whom not, with what it said to each."""

    accepted: Tuple[str, ...]
    refused: Tuple[Tuple[str, str], ...] = ()


def deliver(server: Server, sender: str, recipients: Sequence[str], message: bytes) -> Taken:
    """Hand one message over for all recipients.

    Returns when the server has taken it for at least one of them. Raises Failure: unreachable,
    timed_out, unauthorized, not_accepted (for now), bad_answer; its fact `sent` is true when the
    message may have been taken anyway. Raises Refusal(not_accepted) when the server takes
    mail for none of them.
    """
    dialogue = _Dialogue(server, sender, recipients, message)
    # The time limits of sockets count from line to line, and looking up a name has none at all; see
    # http.py.
    threading.Thread(target=dialogue.run, name="opsroom-smtp", daemon=True).start()
    if not dialogue.done.wait(max(server.time_limit, 0.0) + _GRACE):
        raise late(server, dialogue.give_up())
    if dialogue.crash is not None:
        raise dialogue.crash
    assert dialogue.taken is not None
    return dialogue.taken


class _Dialogue:
    """One connection, held in a thread that can be left behind."""

    def __init__(
        self, server: Server, sender: str, recipients: Sequence[str], message: bytes
    ) -> None:
        self.done = threading.Event()
        self.taken: Optional[Taken] = None
        self.crash: Optional[BaseException] = None
        self._server = server
        self._sender = sender
        self._recipients = recipients
        self._message = message
        self._deadline = time.monotonic() + server.time_limit
        self._gate = threading.Lock()
        self._given_up = False
        self._sent = False
        self._smtp: Optional[smtplib.SMTP] = None

    def give_up(self) -> bool:
        """Wait no longer. True when the message may have been sent; from now on it will not be."""
        with self._gate:
            self._given_up = True
            return self._sent

    def run(self) -> None:
        try:
            self.taken = self._talk()
        except OpsroomError as error:
            self.crash = error
        except Exception as error:
            self.crash = explain(error, self._server, self._sent) or error
        finally:
            self.done.set()
            self._say_goodbye()

    def _talk(self) -> Taken:
        self._smtp = smtp = self._connected()
        self._greet(smtp)
        accepted, refused = self._addressed(smtp)
        self._hand_over(smtp)
        return Taken(tuple(accepted), tuple(refused))

    def _say_goodbye(self) -> None:
        """The outcome is reported already: a goodbye that nobody hears neither takes time nor
        changes it."""
        if self._smtp is None:
            return
        try:
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(_GOODBYE)
                self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            pass
        finally:
            self._smtp.close()

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.verify and not os.path.isfile(server.verify):
            message = (
                f"The CA file '{server.verify}' does not exist, so {server.host} cannot be trusted."
            )
            raise Failure(Code.UNREACHABLE, message, f"Fix {server.key}.verify.", {"sent": False})
        # Some servers keep whom they do not know waiting for their greeting: it may take as long as
        # all the rest.
        limit = max(self._left(), 0.001)
        # With a name given, smtplib does not look for one in the DNS, which can take long; the true
        # one comes later.
        if server.tls:
            return smtplib.SMTP_SSL(
                server.host,
                server.port,
                local_hostname="opsroom",
                timeout=limit,
                context=self._context(),
            )
        return smtplib.SMTP(server.host, server.port, local_hostname="opsroom", timeout=limit)

    def _context(self) -> ssl.SSLContext:
        server = self._server
        try:
            return ssl.create_default_context(cafile=server.verify or None)
        except (ssl.SSLError, OSError):
            message = f"The CA file '{server.verify}' holds no certificate that can be read."
            raise Failure(
                Code.UNREACHABLE, message, f"Fix {server.key}.verify.", {"sent": False}
            ) from None

    def _greet(self, smtp: smtplib.SMTP) -> None:
        server = self._server
        smtp.local_hostname = _own_name(smtp)
        self._limit(smtp)
        smtp.ehlo_or_helo_if_needed()
        if server.starttls:
            if not smtp.has_extn("starttls"):
                raise Failure(
                    Code.UNREACHABLE,
                    f"{server.shown} offers no encryption (STARTTLS), so nothing was sent.",
                    f"Where mail may go there in the clear, set {server.key}.starttls: false.",
                    {"sent": False},
                )
            self._limit(smtp)
            smtp.starttls(context=self._context())
            self._limit(smtp)
            smtp.ehlo_or_helo_if_needed()
        if server.user:
            self._log_in(smtp)

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        server = self._server
        if not smtp.has_extn("auth"):
            raise Failure(
                Code.UNAUTHORIZED,
                f"{server.shown} takes no user and password.",
                f"Take {server.key}.user and password away, or name the port that does.",
                {"sent": False},
            )
        self._limit(smtp)
        try:
            smtp.login(server.user, server.password)
        except smtplib.SMTPAuthenticationError as error:
            if 400 <= error.smtp_code < 500:
                raise self._refused(
                    error.smtp_code,
                    error.smtp_error,
                    Code.UNREACHABLE,
                    "cannot check the credentials now",
                ) from None
            raise self._refused(
                error.smtp_code,
                error.smtp_error,
                Code.UNAUTHORIZED,
                "does not accept the credentials",
                f"Renew {server.key}.user and password.",
            ) from None

    def _addressed(self, smtp: smtplib.SMTP) -> Tuple[List[str], List[Tuple[str, str]]]:
        key = self._server.key
        self._limit(smtp)
        code, reply = smtp.mail(self._sender)
        if code == 530:
            hint = f"Set {key}.user and password."
            raise self._refused(code, reply, Code.UNAUTHORIZED, "wants a user and password", hint)
        if code != 250:
            what = f"does not take mail from {self._sender}"
            raise self._refused(
                code, reply, Code.NOT_ACCEPTED, what, f"See {key}.sender, user and password."
            )
        accepted: List[str] = []
        refused: List[Tuple[str, str]] = []
        codes: List[int] = []
        for address in self._recipients:
            self._limit(smtp)
            code, reply = smtp.rcpt(address)
            if code in (250, 251, 252):
                accepted.append(address)
            elif code < 0 or code == 421:
                raise self._refused(code, reply, Code.UNREACHABLE, "ended the dialogue")
            else:
                codes.append(code)
                refused.append((address, quoted(self._server, code, reply)))
        if not accepted:
            first, words = refused[0]
            whom = first if len(refused) == 1 else f"{first} and {len(refused) - 1} more"
            later = any(400 <= one < 500 for one in codes)
            facts = {"sent": False, "refused": dict(refused)}
            if later:
                message = f"{self._server.shown} does not take mail for {whom} now: {words}."
                raise Failure(Code.NOT_ACCEPTED, message, facts=facts)
            message = f"{self._server.shown} does not take mail for {whom}: {words}."
            raise Refusal(Code.NOT_ACCEPTED, message, "See the addresses in the config.", facts)
        return accepted, refused

    def _hand_over(self, smtp: smtplib.SMTP) -> None:
        self._limit(smtp)
        code, reply = smtp.docmd("DATA")
        if code != 354:
            raise self._refused(code, reply, Code.NOT_ACCEPTED, "does not take the message")
        lines = re.sub(rb"\r\n|\n|\r", b"\r\n", self._message)
        if not lines.endswith(b"\r\n"):
            lines += b"\r\n"
        body = re.sub(rb"(?m)^\.", b"..", lines) + b".\r\n"
        with self._gate:
            # The requester was answered that nothing was sent; keep that true.
            if self._given_up:
                raise late(self._server, False)
            self._sent = True
        self._limit(smtp)
        smtp.send(body)
        self._limit(smtp)
        code, reply = smtp.getreply()
        if 200 <= code < 300:
            return
        if 400 <= code < 600:
            raise self._refused(code, reply, Code.NOT_ACCEPTED, "does not take the message")
        facts = {"sent": True}
        message = f"{self._server.shown} answered something that is not SMTP to the message."
        raise Failure(Code.BAD_ANSWER, message, facts=facts)

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _limit(self, smtp: smtplib.SMTP) -> None:
        """The next step may take what is left of the time."""
        left = self._left()
        if left <= 0:
            raise late(self._server, self._sent)
        if smtp.sock is not None:
            smtp.sock.settimeout(left)

    def _refused(
        self, code: int, reply: object, reason: Code, what: str, hint: str = ""
    ) -> Failure:
        """What an unwanted reply means; one to the message itself says for certain that it was not
        taken."""
        if code < 0:
            message = f"{self._server.shown} answered something that is not SMTP."
            return Failure(Code.BAD_ANSWER, message, facts={"sent": self._sent})
        return Failure(
            reason,
            f"{self._server.shown} {what}: {quoted(self._server, code, reply)}.",
            hint,
            {"sent": False, "status": code},
        )


def _own_name(smtp: smtplib.SMTP) -> str:
    """What to greet with: the machine's name when it is a whole one, else its address (RFC 5321,
    4.1.3)."""
    name = socket.gethostname()
    if "." in name and re.match(r"^[A-Za-z0-9.-]+$", name):
        return name
    address = str(smtp.sock.getsockname()[0]) if smtp.sock is not None else "127.0.0.1"
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
