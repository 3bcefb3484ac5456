"""What went wrong between us and a mail server, in plain words."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
from typing import TYPE_CHECKING, List, Optional

from .errors import Code, Failure
from .secrets import redact
from .text import one_line

if TYPE_CHECKING:
    from .smtp import Server

_MOST_SAID = 160


def late(server: Server, sent: bool) -> Failure:
    """The failure that the time is over; `sent` when the message may have been taken anyway."""
    message = f"{server.shown} did not finish within {server.time_limit:g} s."
    hint = "" if sent else f"See {server.key}: host, port, tls, starttls and time_limit."
    return Failure(Code.TIMED_OUT, message, hint, {"sent": sent})


def explain(error: Exception, server: Server, sent: bool) -> Optional[Failure]:
    """The failure that an exception of smtplib, ssl or the system means; None when it is a mistake of ours."""

    def failure(code: Code, what: str, hint: str = "") -> Failure:
        return Failure(code, f"{server.shown} {what}.", hint, {"sent": sent})

    tls = f"See {server.key}.tls and starttls: 465 wants tls, 587 and 25 starttls."
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message or "it cannot be checked"
        return failure(
            Code.UNREACHABLE, f"has a certificate that is not trusted: {reason}", f"See {server.key}.verify."
        )
    if isinstance(error, ssl.SSLError):
        return failure(Code.UNREACHABLE, "cannot be reached: no encrypted connection (TLS) came about", tls)
    if isinstance(error, socket.gaierror):
        return failure(Code.UNREACHABLE, "cannot be reached: its name is not known (DNS)", f"See {server.key}.host.")
    if isinstance(error, ConnectionRefusedError):
        return failure(Code.UNREACHABLE, "cannot be reached: the connection was refused", f"See {server.key}.port.")
    if isinstance(error, socket.timeout):  # on Python 3.8 and 3.9 it is not yet the same as TimeoutError
        return late(server, sent)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        # smtplib says this of a connection that timed out, too.
        if isinstance(error.__context__, socket.timeout):
            return late(server, sent)
        return failure(Code.UNREACHABLE, "broke off the connection", "" if sent else tls)
    if isinstance(error, smtplib.SMTPResponseException):
        if not 400 <= error.smtp_code < 600:
            return failure(Code.BAD_ANSWER, "answered something that is not SMTP", tls)
        words = quoted(server, error.smtp_code, error.smtp_error)
        return failure(Code.UNREACHABLE, f"does not want to talk: {words}")
    if isinstance(error, smtplib.SMTPException):
        return failure(Code.UNAUTHORIZED, "knows no way to log in that is known here", f"See {server.key}.user.")
    if isinstance(error, UnicodeError):
        return failure(Code.UNREACHABLE, "cannot be reached: its name is not well-formed", f"See {server.key}.host.")
    if isinstance(error, OSError):
        return failure(Code.UNREACHABLE, "cannot be reached, or broke off the connection")
    return None


def quoted(server: Server, code: int, said: object) -> str:
    """A reply of the server as a part of a sentence, without the credentials, which it may repeat."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return one_line(f"{code} {redact(text, _secrets(server))}", _MOST_SAID).rstrip(". ")


def _secrets(server: Server) -> List[str]:
    if not server.password:
        return []
    forms = [server.password, f"\0{server.user}\0{server.password}"]
    return [*forms, *(base64.b64encode(one.encode("utf-8", "replace")).decode("ascii") for one in forms)]
