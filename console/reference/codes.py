"""The page of reason codes: `errors.Code`, what codes.yaml says of each, and which commands give
it, as the library has it."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, Set

import yaml

from opsroom.errors import Code

from .. import PACK
from .markdown import code, from_docs, page, sentence, table

TEXTS = Path(__file__).with_name("codes.yaml")
_LIBRARY = PACK / "actions" / "lib" / "opsroom"
_TITLES = {
    "done": "Done",
    "refused": "Refused: you or an administrator can change it",
    "failed": "Failed: something outside went wrong",
}
_USE = re.compile(r"\bCode\.([A-Z_]+)")
_EVERY = "every command"
# Which commands the parts of the library serve; the first that fits counts. What is not named here
# serves all of them.
_SUBJECTS = (
    ("commands/deployments", "deployments"),
    ("deploys", "deployments"),
    ("vendors", "deployments"),
    ("commands/changes", "changes"),
    ("policy/approvals", "changes"),
    ("records/changes", "changes"),
    ("records/otp", "changes"),
    ("policy/locks", "locks"),
    ("policy/freezes", "deployments"),
    ("policy/order", "deployments"),
    ("commands/locks", "locks"),
    ("records/locks", "locks"),
    ("commands/cards", "cards"),
    ("trackers", "cards"),
    ("commands/pages", "pages"),
    ("pagers", "pages"),
    ("policy/paging", "pages"),
    ("commands/incidents", "incidents"),
    ("commands/versions", "versions"),
    ("commands/differences", "versions"),
    ("versions", "versions"),
    ("commands/history", "history"),
    ("commands/metrics", "metrics"),
    ("metrics", "metrics"),
    ("commands/audit", "audit"),
    ("audit", "audit"),
    ("backup", "backup"),
    ("board", "the board"),
    ("commands/doctor", "doctor"),
    ("commands/help", "help"),
    ("commands/morning_report", "morning report"),
    ("commands/mute", "quiet and loud"),
    ("commands/automation", "rules and workflows"),
    ("sensors", "rules and workflows"),
    ("commands/resolve", "deployments and versions"),
)
# More subjects than these are not listed.
_MANY = 5


_BEFORE = """\
Reason codes are part of the interface: rules, workflows and auditors may rely on them. They are in
`code` of an execution's result and of a record. "Given by" names the commands whose part of opsroom
gives a code."""
_AFTER = """\
A database that goes away before a deployment started stops it. One that goes away at its end leaves
the claim: the answer says that the version is there but could not be recorded, and the next command
records it as interrupted."""


def codes_page() -> str:
    """The page."""
    given = commands_of_codes()
    parts = [_BEFORE]
    for name, title in _TITLES.items():
        rows = [
            (code(one), sentence(text["means"]), sentence(text["do"]), given.get(one, ""))
            for one, text in texts()[name].items()
        ]
        head = ("Code", "Means", "What to do", "Given by")
        parts += [f"## {title}", from_docs(table(head, rows))]
    parts.append(_AFTER)
    source = "console/reference/codes.yaml and actions/lib/opsroom"
    return page("Reason codes", source, parts)


@lru_cache(maxsize=1)
def texts() -> Dict[str, Dict[str, Any]]:
    """What codes.yaml says: outcome -> code -> `means` and `do`."""
    found: Dict[str, Dict[str, Any]] = yaml.safe_load(TEXTS.read_text("utf-8"))
    return found


def commands_of_codes() -> Dict[str, str]:
    """For each code the subjects whose modules name it."""
    found: Dict[str, Set[str]] = {one.value: set() for one in Code}
    for path in sorted(_LIBRARY.rglob("*.py")):
        name = path.relative_to(_LIBRARY).with_suffix("").as_posix()
        if name == "errors":
            continue
        for one in _USE.findall(path.read_text("utf-8")):
            if one in Code.__members__:
                found[Code[one].value].add(_subject(name))
    return {one: _named(subjects) for one, subjects in found.items()}


def _subject(module: str) -> str:
    for place, subject in _SUBJECTS:
        if module == place or module.startswith(f"{place}/"):
            return subject
    return _EVERY


def _named(subjects: Set[str]) -> str:
    if _EVERY in subjects:
        return _EVERY
    if len(subjects) > _MANY:
        return "many commands"
    order: List[str] = list(dict.fromkeys(subject for _, subject in _SUBJECTS))
    return ", ".join(sorted(subjects, key=order.index))
