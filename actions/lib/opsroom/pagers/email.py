"""The pager kind email: one message to the addresses of a team or person; what came of it cannot be
asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Optional, Tuple

from ..config.fields import Fields
from ..config.problems import found
from ..errors import Code, Refusal
from ..names import listed
from ..people import Author
from ..text import one_line, shorten
from . import Alarm, Delivery, Duty, Incident, Paged, State, Target

if TYPE_CHECKING:
    from email.message import EmailMessage

TITLE = 100
_MOST_ADDRESSES = 50
# What every mail server takes, and nothing that could end a header or name a second address.
ADDRESS = re.compile(
    r"^(?=.{3,254}(?![\s\S]))(?=[^@]{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*(?![\s\S])"
)
_HOST = re.compile(r"^[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?(?![\s\S])")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PASSWORD = re.compile(r"^[\t\n\x20-\x7e]+(?![\s\S])")


@dataclass(frozen=True)
class Options:
    """The mail server, how to speak to it, and in whose name; `key` is where it stands in the
    config."""

    host: str
    port: int
    sender: str
    tls: bool = False
    starttls: bool = True
    user: str = ""
    password: str = field(default="", repr=False)
    time_limit: float = 10.0
    verify: str = ""
    key: str = ""


def read_options(fields: Fields) -> Options:
    """The keys `host`, `port`, `tls`, `starttls`, `user`, `password`, `sender`, `time_limit`,
    `verify`."""
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
        time_limit=fields.seconds("time_limit", 10.0, minimum=0.1),
        verify=fields.text(
            "verify",
            "",
            pattern=re.compile(r"^/"),
            expected="the full path of a CA file (checking cannot be turned off)",
        ),
        key=fields.path,
    )
    if tls and starttls:
        fields.problem("starttls", "expected false beside tls: a connection is encrypted once")
    for one, other in (("user", "password"), ("password", "user")):
        if fields.has(one) and not fields.has(other):
            fields.problem(other, f"expected one beside {one}")
    if fields.has("password") and not (tls or starttls):
        fields.problem("starttls", "expected true, or tls; a password is not sent in the clear")
    if not options.user.isascii():
        fields.problem("user", "expected letters, digits and signs of ASCII; SMTP has no others")
    return options


def _password(fields: Fields) -> str:
    """Any text, as it stands, blanks around it too."""
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
    if len(addresses) > _MOST_ADDRESSES:
        fields.problem(
            key,
            f"expected at most {_MOST_ADDRESSES} addresses; make a list on the mail server of more",
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


class EmailPager:
    """Sends one message for each page. All else is not possible, and says so."""

    # It cannot look, so there is nothing to wait for.
    settles_within = 0.0

    def __init__(self, options: Options, name: str) -> None:
        self._options = options
        self._name = name

    def default_target(self) -> Optional[Target]:
        return None

    def person(self, identity: str, email: str, shown: str) -> Optional[Target]:
        """By the address that the config names for this pager, else by their own."""
        for address in (identity, email):
            if ADDRESS.match(address):
                return Target("address", address, shown)
        return None

    def look_up(self, name: str) -> Tuple[Target, ...]:
        # Not even an address: whoever may speak in the room could write to the whole world in our
        # name.
        return ()

    def on_call(self, target: Target) -> Tuple[Duty, ...]:
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"{self._name} is e-mail and knows nothing of who is on call; a page goes to "
            f"{target.shown}.",
        )

    def page(self, alarm: Alarm) -> Paged:
        """Raises Failure as `smtp.deliver` does, and Refusal(not_possible) for a target that is no
        address."""
        from ..smtp import Server, deliver

        options = self._options
        addresses = tuple(one for one in alarm.target.id.split(",") if ADDRESS.match(one))
        if not addresses:
            raise Refusal(
                Code.NOT_POSSIBLE,
                f"{alarm.target.shown} has no e-mail address that {self._name} can use.",
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
            server, options.sender, addresses, self._message(alarm, addresses).as_bytes()
        )
        notes = [
            f"{address} does not get it; the mail server refused that address: {said}."
            for address, said in taken.refused
        ]
        notes.append(
            "It was accepted by the mail server; whether somebody reads it, e-mail does not tell."
        )
        incident = Incident(
            id=alarm.mark,
            number=alarm.mark,
            title=title_of(alarm.text),
            state=State.TRIGGERED,
            target=alarm.target.shown,
            people=taken.accepted,
        )
        duties = tuple(Duty(address) for address in taken.accepted)
        return Paged(incident, Delivery.ACCEPTED, duties, tuple(notes))

    def find(self, alarm: Alarm) -> Optional[Paged]:
        raise self._cannot("be asked whether a message went out")

    def incident(self, id: str) -> Incident:
        raise self._cannot("be asked what became of a page")

    def incidents(self, target: Optional[Target] = None, limit: int = 10) -> Tuple[Incident, ...]:
        raise self._cannot("be asked for its pages")

    def acknowledge(self, id: str, author: Author) -> Incident:
        raise self._cannot("be acknowledged; answer the message, or tell the room")

    def resolve(self, id: str, author: Author) -> Incident:
        raise self._cannot("be resolved")

    def escalate(self, id: str, author: Author) -> Incident:
        raise self._cannot("be escalated; page somebody else")

    def add_responder(self, id: str, target: Target, author: Author) -> Incident:
        raise self._cannot("take somebody more; page them")

    def _cannot(self, what: str) -> Refusal:
        return Refusal(Code.NOT_POSSIBLE, f"{self._name} is e-mail and cannot {what}.")

    def _message(self, alarm: Alarm, addresses: Tuple[str, ...]) -> EmailMessage:
        from email.headerregistry import Address
        from email.message import EmailMessage
        from email.policy import SMTP
        from email.utils import formatdate

        options, author = self._options, alarm.author
        # Seven bits and short lines: what every server on the way takes.
        message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
        message["Subject"] = title_of(alarm.text)
        message["From"] = Address(
            f"{one_line(author.shown, 60)} via opsroom", addr_spec=options.sender
        )
        message["To"] = ", ".join(addresses)
        if ADDRESS.match(author.email):
            message["Reply-To"] = author.email
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{alarm.mark}@{options.sender.rpartition('@')[2]}>"
        # RFC 3834: no holiday replies, please.
        message["Auto-Submitted"] = "auto-generated"
        message["X-Opsroom-Mark"] = alarm.mark
        if alarm.urgent:
            message["Importance"] = "high"
            message["Priority"] = "urgent"
            message["X-Priority"] = "1"
        message.set_content(_body(alarm), charset="utf-8")
        return message


def title_of(text: str, characters: int = TITLE) -> str:
    """The first line that says something, cut where it is longer."""
    first = next((line for line in plain(text).splitlines() if line.strip()), "")
    return shorten(" ".join(first.split()), characters)


def plain(text: str) -> str:
    """The text without what mail and JSON cannot carry: control characters and halves of surrogate
    pairs."""
    lines = (
        text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    )
    return _UNPRINTABLE.sub("", lines)


def _body(alarm: Alarm) -> str:
    author = alarm.author
    where = f"in {one_line(author.room, 80)}" if author.room else "in the chat"
    rows = [plain(alarm.text).rstrip("\n"), "", " ".join(plain(author.line).split())]
    if alarm.urgent:
        rows.append("It is urgent.")
    rows.append(f"To say that you are on it, write {where}: ack page {alarm.mark}")
    return "\n".join(rows) + "\n"
