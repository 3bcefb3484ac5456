"""Every pager kind that is asked by HTTP, as the suites over all kinds call it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping, Tuple

from opsroom import pagers
from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.pagers import Page, Pager, Target
from opsroom.people import Author
from support.contracts.vendor import answer
from support.options import make
from support.pages.kinds import TARGETS, pager_at
from support.servers.http import Reply
from support.troubles.secrets import secrets_in
from support.vendors.pagers import pagerduty as pd

# How each says that it does not accept a page, and why.
REFUSALS: Mapping[str, Callable[[str], Reply]] = {
    "pagerduty": lambda why: pd.error(400, 2001, why),
    "pagerduty events": lambda why: answer({"status": "invalid event", "message": why}, 400),
    "opsgenie": lambda why: answer({"message": why}, 422),
    "victorops": lambda why: answer({"error": why}, 400),
    "victorops endpoint": lambda why: Reply(400, why),
    "webhook": lambda why: Reply(400, why),
}
_BY = Author("alice", "#ops", link="https://st2.example.com/#/history/1")
# What a pager is asked for, given the pager and a target.
CALLS: Mapping[str, Callable[[Pager, Target], Any]] = {
    "page": lambda pager, target: pager.page(page_to(target)),
    "find": lambda pager, target: pager.find(page_to(target)),
    "look_up": lambda pager, target: pager.look_up("web"),
    "on_call": lambda pager, target: pager.on_call(target),
    "incident": lambda pager, target: pager.incident(_id(target)),
    "incidents": lambda pager, target: pager.incidents(),
    "acknowledge": lambda pager, target: pager.acknowledge(_id(target), _BY),
    "resolve": lambda pager, target: pager.resolve(_id(target), _BY),
    "escalate": lambda pager, target: pager.escalate(_id(target), _BY),
    "add_responder": lambda pager, target: pager.add_responder(
        _id(target), Target("user", "bob@example.com", "bob"), _BY
    ),
}
# Of these, what each sends a request for.
ASKS: Mapping[str, Tuple[str, ...]] = {
    "pagerduty": tuple(CALLS),
    "pagerduty events": ("page", "acknowledge", "resolve"),
    "opsgenie": tuple(CALLS),
    "victorops": tuple(one for one in CALLS if one != "escalate"),
    "victorops endpoint": ("page", "acknowledge", "resolve"),
    "webhook": ("page",),
}


def page_to(target: Target, text: str = "checkout is down", mark: str = "ops0123456789abc") -> Page:
    """A page to a target."""
    return Page(target, text, False, mark, _BY)


def _id(target: Target) -> str:
    """A page as people call it: where there is only a routing key, by its mark."""
    return "ops0123456789abc" if target.kind == "routing_key" else "1201"


def secrets_of(name: str) -> Tuple[str, ...]:
    """All that the config of one of ADDRESSES has in secret."""
    return secrets_in(pager_at(name, ""))


def pager_of(name: str, url: str, folder: Path, **more: Any) -> Pager:
    """The pager of one of ADDRESSES, whose vendor is at `url`."""
    return pager_with({**pager_at(name, url), **more}, folder)


def pager_with(config: Mapping[str, Any], folder: Path, store: Any = None) -> Pager:
    """The pager `duty` of a config."""
    keys = {**config, "kind": ...}
    context = {"name": "duty", "store": lambda: store, "keep": folder}
    made: Pager = make(pagers.REGISTRY, config["kind"], keys, "pagers.duty", **context)
    return made


def target_of(name: str) -> Target:
    """Whom a page of one of CASES goes to."""
    fields = Fields({"duty": TARGETS[name]}, "teams.web", Problems())
    kind = name.split()[0]
    target: Target = pagers.REGISTRY.read(kind, "read_target", fields, "duty")
    return target
