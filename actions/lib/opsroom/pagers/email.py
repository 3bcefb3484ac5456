"""The pager kind email: one message to the addresses of a team or person, which cannot be
followed."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Optional, Tuple

from ..config.fields import Fields
from ..config.problems import found
from ..errors import Code, Refusal
from ..http.options import TIME_LIMIT, read_verify
from ..names import listed
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from ..text import one_line
from . import Delivery, Incident, OnCall, Page, Paged, Pager, State, Target, printable, title_of

if TYPE_CHECKING:
    from email.message import EmailMessage

_MAX_ADDRESSES = 50
# What every mail server takes, and nothing that could end a header or name a second address.
ADDRESS = lazy_pattern(
    r"^(?=.{3,254}(?![\s\S]))(?=[^@]{1,64}@)"
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*(?![\s\S])"
)
_HOST = lazy_pattern(r"^[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?(?![\s\S])")
_PASSWORD = lazy_pattern(r"^[\t\n\x20-\x7e]+(?![\s\S])")


@dataclass(frozen=True)
class Options:
    """The mail server, how to speak to it, and in whose name; `key` is its place in the
    config."""

    host: str
    port: int
    sender: str
    tls: bool = False
    starttls: bool = True
    user: str = ""
    password: str = field(default="", repr=False)
    time_limit: float = TIME_LIMIT
    verify: str = ""
    key: str = ""


def read_options(fields: Fields) -> Options:
    """One message to the addresses of a team or person, for those who have no pager. A mail server
    says that it took a message; it cannot be asked for the outcome, and a mail cannot be
    acknowledged.

    - `host`: the mail server, such as `mail.example.com`.
    - `port` (number, 1 to 65535; default `587`, `465` with `tls`): the port of the mail server.
    - `starttls` (true or false; default `true`, `false` with `tls`): whether the connection is
      encrypted before anything is sent; where the server offers no encryption, nothing is sent.
      `false` is for a server on the same machine or network.
    - `tls`: whether the connection is encrypted from the first byte.
    - `user`: the user to log in as.
    - `password` (text): the password of `user`; never sent in the clear.
    - `sender`: the address in whose name mail is sent; its domain is in the Message-ID.
    - `time_limit`: how long the whole dialogue may take.
    """
    tls = fields.flag("tls", default=False)
    starttls = fields.flag("starttls", default=not tls)
    options = Options(
        host=fields.text("host", pattern=_HOST, expected="the name of a mail server"),
        port=fields.whole_number("port", default=465 if tls else 587, minimum=1, maximum=65535),
        sender=fields.text("sender", pattern=ADDRESS, expected="an e-mail address"),
        tls=tls,
        starttls=starttls,
        user=fields.text("user", ""),
        password=_password(fields),
        time_limit=fields.seconds("time_limit", TIME_LIMIT, minimum=0.1),
        verify=read_verify(fields),
        key=fields.path,
    )
    if tls and starttls:
        fields.problem("starttls", "expected false beside tls: a connection is encrypted once")
    if options.host.count(":") == 1:
        fields.problem("host", "expected the name of a mail server without its port (key: port)")
    for one, other in (("user", "password"), ("password", "user")):
        if fields.has(one) and not fields.has(other):
            fields.problem(other, f"expected one beside {one}")
    if fields.has("password") and not (tls or starttls):
        fields.problem("starttls", "expected true, or tls; a password is not sent in the clear")
    if not options.user.isascii():
        fields.problem("user", "expected letters, digits and signs of ASCII; SMTP has no others")
    return options


def _password(fields: Fields) -> str:
    """Any text, as it is, blanks around it too."""
    checked = fields.secret(
        "password", "", pattern=_PASSWORD, expected="a text of letters, digits and signs of ASCII"
    )
    return str(fields.raw("password")) if checked else ""


def read_target(fields: Fields, key: str) -> Target:
    """An address, or a list of addresses."""
    addresses = tuple(
        dict.fromkeys(fields.texts(key, expected="an e-mail address or a list of them"))
    )
    if not addresses and fields.has(key) and fields.raw(key) == []:
        fields.problem(key, "expected at least one e-mail address, found an empty list")
    if len(addresses) > _MAX_ADDRESSES:
        fields.problem(
            key,
            f"expected at most {_MAX_ADDRESSES} addresses; make a list on the mail server of more",
        )
    for address in addresses:
        if not ADDRESS.match(address):
            fields.problem(
                key, f"expected e-mail addresses such as web@example.com, found {found(address)}"
            )
    return _target(addresses)


def _target(addresses: Tuple[str, ...]) -> Target:
    # No address that is taken here holds a comma.
    return Target("address", ",".join(addresses), listed(addresses))


def make(options: Options, *, name: str, store: Any, keep: Any) -> EmailPager:
    """The pager. It needs neither the database nor a folder."""
    return EmailPager(options, name)


class EmailPager(Pager):
    """Sends one message for each page, and can do nothing else."""

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._name = name
        self.subject = f"{name} is e-mail and"

    def person(self, identity: str, email: str, shown: str) -> Optional[Target]:
        """By the address that the config names for this pager, else by their own."""
        for address in (identity, email):
            if ADDRESS.match(address):
                return Target("address", address, shown)
        return None

    def look_up(self, name: str) -> Tuple[Target, ...]:
        # Not even an address: anyone in the room could write to the whole world in our name.
        return ()

    def page(self, page: Page) -> Paged:
        """Raises Failure as `smtp.deliver` does, and Refusal(not_possible) for a target that is no
        address."""
        from ..smtp import Server, deliver

        options = self._options
        addresses = tuple(one for one in page.target.id.split(",") if ADDRESS.match(one))
        if not addresses:
            raise Refusal(
                Code.NOT_POSSIBLE,
                f"{page.target.shown} has no e-mail address that {self._name} can use.",
            )
        server = Server(
            host=options.host,
            port=options.port,
            tls=options.tls,
            starttls=options.starttls,
            user=options.user,
            password=options.password,
            verify=options.verify,
            time_limit=options.time_limit,
            key=options.key or f"pagers.{self._name}",
        )
        taken = deliver(
            server, options.sender, addresses, self._message(page, addresses).as_bytes()
        )
        notes = [
            f"{address} does not get it; the mail server refused that address: {reply}."
            for address, reply in taken.refused
        ]
        notes.append("The mail server accepted it; e-mail does not report whether anyone reads it.")
        incident = Incident(
            id=page.mark,
            number=page.mark,
            title=title_of(page.text),
            state=State.TRIGGERED,
            target=page.target.shown,
            people=taken.accepted,
        )
        on_call = tuple(OnCall(address) for address in taken.accepted)
        return Paged(incident, Delivery.ACCEPTED, on_call, tuple(notes))

    def _message(self, page: Page, addresses: Tuple[str, ...]) -> EmailMessage:
        from email.headerregistry import Address
        from email.message import EmailMessage
        from email.policy import SMTP
        from email.utils import formatdate

        options, author = self._options, page.author
        # Seven bits and short lines: what every server on the way takes.
        message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
        message["Subject"] = title_of(page.text)
        message["From"] = Address(
            f"{one_line(author.shown, 60)} via opsroom", addr_spec=options.sender
        )
        message["To"] = ", ".join(addresses)
        if ADDRESS.match(author.email):
            message["Reply-To"] = author.email
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{page.mark}@{options.sender.rpartition('@')[2]}>"
        # RFC 3834: no holiday replies, please.
        message["Auto-Submitted"] = "auto-generated"
        message["X-Opsroom-Mark"] = page.mark
        if page.urgent:
            message["Importance"] = "high"
            message["Priority"] = "urgent"
            message["X-Priority"] = "1"
        message.set_content(_body(page), charset="utf-8")
        return message


def _body(page: Page) -> str:
    author = page.author
    where = f"in {one_line(author.room, 80)}" if author.room else "in the chat"
    rows = [printable(page.text).rstrip("\n"), "", " ".join(printable(author.line).split())]
    if page.urgent:
        rows.append("It is urgent.")
    rows.append(f"To acknowledge it, write {where}: ack page {page.mark}")
    return "\n".join(rows) + "\n"
