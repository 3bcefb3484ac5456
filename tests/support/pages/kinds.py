"""Every pager kind with its vendor played on 127.0.0.1, and the one story about a page that all of
them must tell.

`with case("pagerduty") as it:` starts the vendor; `it.config()` knows it and the team web-team in
it. `story(say, it)` talks about a page; `say(text, who)` hands a message over and returns what came
of it. What a pager cannot do must be said in so many words, never pretended.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Mapping, Set, Tuple

from support.chat.conversation import Say, worked
from support.contracts.vendor import body_of
from support.servers.http import HttpServer, Request
from support.servers.mail import MailServer
from support.troubles.secrets import SIGNING
from support.vendors.pagers import opsgenie as og
from support.vendors.pagers import pagerduty as pd
from support.vendors.pagers import victorops as vo
from support.vendors.pagers.webhook import Receiver

CASES = (
    "pagerduty", "pagerduty events", "opsgenie", "victorops", "victorops endpoint", "email",
    "webhook", "local",
)  # fmt: skip
# Those that are asked by HTTP, and the config's key of the address that a page goes to.
ADDRESSES: Mapping[str, str] = {
    "pagerduty": "url", "pagerduty events": "events_url", "opsgenie": "url", "victorops": "url",
    "victorops endpoint": "endpoint", "webhook": "url",
}  # fmt: skip
PHONE = "the doorman, +44 20 7946 0000"


@dataclass
class Case:
    """One pager. `taken()` counts what its vendor has; `can` is what it does, out of confirm,
    on_call, act, escalate and add; `on_call` is who must be named as such, `people` their names
    over there."""

    name: str
    pager: Dict[str, Any]
    target: Any
    taken: Callable[[], int]
    can: Set[str]
    people: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secrets: Tuple[str, ...] = ()
    on_call: str = ""
    # What the vendor was asked so far.
    requests: Callable[[], int] = lambda: 0
    # Take the next page and lose the answer to it: "unanswered", or "half" of it. Email loses all.
    lose: Callable[[str], Any] = lambda drop: None
    # Open an incident of that title without opsroom.
    open_elsewhere: Callable[[str], Any] = lambda title: None
    # The text of the last page, as the vendor has it.
    text: Callable[[], str] = str

    def config(self) -> Dict[str, Any]:
        """What makes a config know this pager, the team in it, and the people."""
        kind = self.pager["kind"]
        people: Dict[str, Any] = {"alice": {"chat": ["alice"]}, "bob": {"chat": ["bob"]}}
        for name, identities in self.people.items():
            people[name].update(
                {key if key == "email" else kind: one for key, one in identities.items()}
            )
        return {
            "people": people,
            "pagers": {"duty": self.pager},
            "teams": {"web-team": {"duty": self.target, "phone": PHONE}},
        }


ALL = {"confirm", "on_call", "act", "escalate", "add"}


def _is_post(request: Request) -> bool:
    return request.method == "POST"


def pager_at(name: str, url: str) -> Dict[str, Any]:
    """The config of one of ADDRESSES whose vendor is at `url`, without a slash at its end."""
    return {
        "pagerduty": {"kind": "pagerduty", "token": pd.TOKEN, "from": "bot@example.com",
        "service": "PWEB", "url": url},
        "pagerduty events": {"kind": "pagerduty", "routing_key": pd.ROUTING_KEY, "events_url": url},
        "opsgenie": {"kind": "opsgenie", "api_key": og.KEY, "read_key": og.READ_KEY, "url": url},
        "victorops": {
            "kind": "victorops", "api_id": vo.API_ID, "api_key": vo.API_KEY, "url": url,
            "user": "opsroom-bot",
        },
        "victorops endpoint": {
            "kind": "victorops", "routing_key": "web",
            "endpoint": f"{url}/integrations/generic/20131114/alert/{vo.ENDPOINT_KEY}",
        },
        "webhook": {"kind": "webhook", "url": f"{url}/hook", "secret": SIGNING,
        "answer_id": "incident.id"},
    }[name]  # fmt: skip


# Whom a page goes to in each of them.
TARGETS: Mapping[str, Any] = {
    "pagerduty": "PWEB", "pagerduty events": {"routing_key": pd.ROUTING_KEY}, "opsgenie": "web",
    "victorops": {"escalation_policy": "pol-web1"}, "victorops endpoint": {"routing_key": "web"},
    "email": "web@example.com", "webhook": "web-team", "local": "web-team",
}  # fmt: skip


@contextmanager
def case(name: str) -> Iterator[Case]:
    """One of CASES, running."""
    with ExitStack() as stack:
        yield _BUILDERS[name](name, stack)


def _pagerduty(name: str, stack: ExitStack) -> Case:
    account = stack.enter_context(pd.FakePagerDuty())
    by_event = name == "pagerduty events"
    server = account.events if by_event else account.rest
    return Case(
        name,
        {**pager_at(name, _base(server)), "events_url": _base(account.events)},
        TARGETS[name],
        taken=lambda: len(account.incidents),
        can={"act"} if by_event else ALL,
        people={
            "alice": {"": "PALICE", "email": "alice@example.com"},
            "bob": {"": "PBOB", "email": "bob@example.com"},
        },
        secrets=(pd.TOKEN, pd.ROUTING_KEY),
        on_call="" if by_event else "Bob Brown",
        requests=lambda: len(account.rest.requests) + len(account.events.requests),
        lose=lambda drop: server.after(drop, where=_is_post),
        text=(
            (lambda: body_of(server.requests[-1])["payload"]["custom_details"]["text"])
            if by_event
            else (lambda: account.incidents[-1]["body"]["details"])
        ),
    )


def _opsgenie(name: str, stack: ExitStack) -> Case:
    account = og.Opsgenie()
    vendor = stack.enter_context(account.vendor())

    def lose(drop: str) -> None:
        account.slow = 0  # it works on the page before anyone asks for the outcome
        vendor.after(drop, where=_is_post)

    return Case(
        name,
        pager_at(name, _base(vendor)),
        TARGETS[name],
        taken=lambda: len(account.alerts),
        # It escalates along an escalation policy, and a team is none.
        can=ALL - {"escalate"},
        people={"bob": {"email": "bob@example.com"}},
        secrets=(og.KEY, og.READ_KEY),
        on_call="bob@example.com",
        requests=lambda: len(vendor.requests),
        lose=lose,
        open_elsewhere=lambda title: account.add(message=title),
        text=lambda: body_of(vendor.sent("POST")[-1])["description"],
    )


def _victorops(name: str, stack: ExitStack) -> Case:
    account = vo.VictorOps()
    alone = name == "victorops endpoint"
    vendor = stack.enter_context(account.endpoint() if alone else account.api())
    return Case(
        name,
        pager_at(name, _base(vendor)),
        TARGETS[name],
        taken=lambda: len(account.incidents),
        can={"act"} if alone else ALL - {"escalate"},
        people={"alice": {"": "alice"}, "bob": {"": "bob"}},
        secrets=(vo.API_KEY, vo.ENDPOINT_KEY),
        on_call="" if alone else "bob",
        requests=lambda: len(vendor.requests),
        lose=lambda drop: vendor.after(drop, where=_is_post),
        text=lambda: body_of(vendor.sent("POST")[-1])["state_message" if alone else "details"],
    )


def _email(name: str, stack: ExitStack) -> Case:
    server = stack.enter_context(MailServer())
    pager = {
        "kind": "email", "host": "127.0.0.1", "port": server.port, "sender": "opsroom@example.com",
        "starttls": False,
    }  # fmt: skip
    return Case(
        name,
        pager,
        TARGETS[name],
        taken=lambda: len(server.mails),
        can={"confirm"},
        people={"bob": {"email": "bob@example.com"}},
        requests=lambda: len(server.mails),
        lose=lambda drop: setattr(server, "after_data", "drop"),
        text=lambda: server.mails[-1].text,
    )


def _webhook(name: str, stack: ExitStack) -> Case:
    receiver = stack.enter_context(Receiver())
    return Case(
        name,
        pager_at(name, _base(receiver)),
        TARGETS[name],
        taken=lambda: len(receiver.taken),
        can={"confirm"},
        secrets=(SIGNING,),
        requests=lambda: len(receiver.requests),
        lose=lambda drop: setattr(receiver, "drop", drop),
        text=lambda: body_of(receiver.requests[-1])["text"],
    )


def _local(name: str, stack: ExitStack) -> Case:
    pager = {"kind": "local", "on_call": {"web-team": ["bob", "carol"]}}
    return Case(name, pager, TARGETS[name], taken=lambda: 1, can=ALL, on_call="bob")


def _base(server: HttpServer) -> str:
    return server.url("").rstrip("/")


_BUILDERS: Mapping[str, Callable[[str, ExitStack], Case]] = {
    "pagerduty": _pagerduty,
    "pagerduty events": _pagerduty,
    "opsgenie": _opsgenie,
    "victorops": _victorops,
    "victorops endpoint": _victorops,
    "email": _email,
    "webhook": _webhook,
    "local": _local,
}


def story(say: Say, it: Case) -> List[str]:
    """A page is sent, sent again in vain, listed, acknowledged, escalated, more are called, it is
    resolved.

    Returns the events that the record must have, apart from what was asked.
    """
    events: List[str] = []
    who = say("on call for web-team?", "alice")
    assert who.code == ("on_call" if "on_call" in it.can else "not_possible"), who
    if it.on_call:
        assert it.on_call in who.message, who

    text = "Checkout <b>is</b> *down* @here\nsince noon & all of it"
    paged = say(f"page web-team urgently: {text}", "alice")
    confirmed = "confirm" in it.can
    assert (paged.ok, paged.code) == (confirmed, "paged" if confirmed else "page_unconfirmed"), (
        paged
    )
    assert len(paged.message) <= 400
    assert it.on_call in paged.message
    events.append("paged" if confirmed else "unconfirmed")
    assert it.taken() == 1
    again = say(f"page web-team urgently: {text}", "alice")
    assert again.code == ("paged_already" if confirmed else "page_unconfirmed"), again
    assert (again.facts["fresh"], it.taken()) == (False, 1)
    events.append("refused")
    id = str(paged.facts["number"] or paged.facts["incident"])
    assert id in paged.message

    listed = worked(say("show pages for web-team", "bob"), "pages")
    assert id in [one["id"] for one in listed.facts["pages"]], listed

    answered = worked(say(f"ack page {id}", "bob"), "acknowledged")
    assert bool(answered.facts.get("noted_here_only")) is ("act" not in it.can), answered
    events.append("acknowledged")
    _escalated(say, it, id, events)
    _added(say, it, id, events)
    worked(say(f"resolve page {id}", "bob"), "resolved")
    events.append("resolved")
    assert say("show pages", "bob").message == "No page is open."
    return events


def _escalated(say: Say, it: Case, id: str, events: List[str]) -> None:
    answer = say(f"escalate page {id}", "bob")
    if "escalate" in it.can:
        worked(answer, "escalated")
    else:
        assert (answer.ok, answer.code) == (False, "not_possible"), answer
    events.append("escalated" if answer.ok else "refused")


def _added(say: Say, it: Case, id: str, events: List[str]) -> None:
    answer = say(f"add bob to page {id}", "alice")
    if "add" in it.can:
        worked(answer, "responder_added")
    else:
        assert not answer.ok, answer
        assert answer.code in ("not_possible", "unknown_who"), answer
    events.append("responder_added" if answer.ok else "refused")
