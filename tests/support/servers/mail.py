"""Mail servers on 127.0.0.1: a real one that keeps what it takes, and one that answers each command
as a test says."""

from __future__ import annotations

import asyncio
import contextlib
import email
import shutil
import socket
import ssl
import struct
import subprocess
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union, cast

import pytest

from support.servers.http import free_port

TIMEOUT = 20.0


@dataclass(frozen=True)
class Mail:
    """One message as it was taken."""

    sender: str
    recipients: Tuple[str, ...]
    raw: bytes
    encrypted: bool
    user: str

    @property
    def message(self) -> EmailMessage:
        return cast(EmailMessage, email.message_from_bytes(self.raw, policy=default))

    @property
    def text(self) -> str:
        return str(self.message.get_content()).replace("\r\n", "\n")


def make_certificate(folder: Path, names: str = "DNS:localhost,IP:127.0.0.1") -> Tuple[str, str]:
    """A certificate of its own and its key; skips the test where openssl is missing."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                str(key),
                "-out",
                str(cert),
            ),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", f"subjectAltName={names}"),
        ],
        check=True,
        capture_output=True,
    )
    return str(cert), str(key)


class MailServer:
    """`with MailServer(certificate) as server:` a real server (aiosmtpd).

    - `certificate`: STARTTLS is offered and asked for; with `tls` all is encrypted from the first
      byte.
    - `login` is the user and password that it wants.
    - `refuse` maps an address to the reply to it; `answer` is the reply to a message, which then is
      not kept.
    - `after_data`: "drop" keeps the message and breaks off; "unkept" breaks off without it.
    - `hold`: it answers a message only once this event is set.
    """

    def __init__(
        self,
        certificate: Optional[Tuple[str, str]] = None,
        tls: bool = False,
        login: Optional[Tuple[str, str]] = None,
    ) -> None:
        pytest.importorskip("aiosmtpd", reason="aiosmtpd is not installed")
        self.mails: List[Mail] = []
        self.refuse: Dict[str, str] = {}
        self.refuse_sender = ""
        self.answer = ""
        self.after_data = ""
        self.hold: Optional[threading.Event] = None
        self.arrived = threading.Event()
        self.goodbyes = threading.Event()
        self.port = free_port()
        self._login = login
        options: Dict[str, Any] = {}
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            options = (
                {"ssl_context": context}
                if tls
                else {"tls_context": context, "require_starttls": True}
            )
        if login is not None:
            options.update(authenticator=self._check, auth_required=True, auth_require_tls=not tls)
        self._tls = tls
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._server: Any = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._started = threading.Event()

    def __enter__(self) -> MailServer:
        self._thread.start()
        assert self._started.wait(TIMEOUT), "the mail server does not start"
        return self

    def __exit__(self, *_: Any) -> None:
        if self.hold is not None:
            self.hold.set()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT)

    def _serve(self) -> None:
        from aiosmtpd.smtp import SMTP

        options = dict(self._options)
        context = options.pop("ssl_context", None)
        asyncio.set_event_loop(self._loop)
        # A client that does not trust us, or that is gone, is what the tests are about.
        self._loop.set_exception_handler(lambda loop, details: None)
        self._server = self._loop.run_until_complete(
            self._loop.create_server(
                lambda: SMTP(self, hostname="mail.example.com", loop=self._loop, **options),
                host="127.0.0.1",
                port=self.port,
                ssl=context,
            )
        )
        self._started.set()
        self._loop.run_forever()
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                self._loop.run_until_complete(task)
        self._loop.close()

    def _check(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        from aiosmtpd.smtp import AuthResult

        pair = (data.login.decode(), data.password.decode())
        return AuthResult(success=pair == self._login, handled=False, auth_data=pair[0])

    # What aiosmtpd calls.

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: List[str]
    ) -> str:
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: List[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = Mail(
            sender=envelope.mail_from,
            recipients=tuple(envelope.rcpt_tos),
            raw=envelope.content,
            encrypted=self._tls or session.ssl is not None,
            user=str(session.auth_data or ""),
        )
        if not self.answer and self.after_data != "unkept":
            self.mails.append(mail)
        self.arrived.set()
        if self.after_data:
            server.transport.abort()
            return "250 nobody hears this"
        while self.hold is not None and not self.hold.is_set():
            await asyncio.sleep(0.01)
        return self.answer or "250 taken"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        self.goodbyes.set()
        return "221 bye"


Line = Union[str, bytes, Callable[[], Optional[str]]]


class ScriptedSmtp:
    """`with ScriptedSmtp({"DATA": "451 later"}) as server:` says `OK` lines but where the script
    says other ones.

    Keys are commands, "greeting" and "message" (the end of one). A value "" closes the connection
    without a word, a function is asked for the value. `lines` are the commands that came.
    """

    def __init__(self, script: Mapping[str, Line]) -> None:
        self.lines: List[str] = []
        self._script = {
            "greeting": "220 mail.example.com",
            "EHLO": "250-mail.example.com\r\n250 8BITMIME",
            "DATA": "354 go on",
            "QUIT": "221 bye",
            **script,
        }
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> ScriptedSmtp:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        lines = connection.makefile("rb")
        if not self._say(connection, "greeting"):
            return
        for line in lines:
            text = line.decode("latin-1").rstrip("\r\n")
            self.lines.append(text)
            command = text.split(" ")[0].upper()
            if not self._say(connection, command):
                return
            if command == "DATA" and str(self._script["DATA"]).startswith("354"):
                while lines.readline() not in (b".\r\n", b""):
                    pass
                self.lines.append("message")
                if not self._say(connection, "message"):
                    return

    def _say(self, connection: socket.socket, what: str) -> bool:
        value = self._script.get(what, "250 OK")
        if callable(value):
            value = value() or ""
        if not value:
            # So that the other side sees it at once.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        connection.sendall((value if isinstance(value, bytes) else value.encode()) + b"\r\n")
        return True
