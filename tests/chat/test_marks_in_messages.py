"""Messages with the quotes, dashes, blanks and marks of phones and chats: each is one command, and
StackStorm lets it through to the pack, which knows what is meant
(tests/unit/commands/test_names_as_typed.py)."""

from __future__ import annotations

import re
from pathlib import Path

from support.cases import cases
from support.metadata import pack, read

ROOT = Path(__file__).resolve().parents[2]
PACK = pack()


@cases(
    ("message", "alias"),
    [
        ("move card OPS-1 to \u2018Done\u2019", "opsroom_move_card"),
        ("page o\u2019brien: checkout is down", "opsroom_page"),
        ("page @bob: checkout is down", "opsroom_page"),
        ("send page checkout is down to @bob", "opsroom_page"),
        ("on call for @team", "opsroom_on_call"),
        ("add @carol to page #1", "opsroom_add_responder"),
        ("ack page #1", "opsroom_ack_page"),
        ("resolve page \u2018bell:1\u2019", "opsroom_resolve_page"),
        ("escalate page #1", "opsroom_escalate_page"),
        ("show pages for @web-team", "opsroom_pages"),
        ("show card #12", "opsroom_card"),
        ("show card \u201cOPS-1\u201d", "opsroom_card"),
        ("assign card #OPS-1 to @bob", "opsroom_assign_card"),
        ("create card in #OPS: checkout is broken", "opsroom_create_card"),
        ("version of \u201cweb\u201d on uat\u00a0", "opsroom_version"),
        ("deploy\u00a0web v1\u20112 to uat\u00a0", "opsroom_deploy"),
        ("plan @web v1.2.0 to \u2018uat\u2019", "opsroom_plan"),
        ("rollback web on #uat", "opsroom_rollback"),
        ("history on #uat", "opsroom_history"),
        ("lock @uat: load test until\u00a05pm", "opsroom_lock"),
        ("unlock \u201cuat\u201d", "opsroom_unlock"),
        ("approve change #K7QX", "opsroom_approve_change"),
        ("reject change \u201cK7QX\u201d: it isn\u2019t ready", "opsroom_reject_change"),
        ("declare incident for @web-team: down", "opsroom_open_incident"),
        ("close incident #K7QX: it was the cache", "opsroom_end_incident"),
        ("opsroom help \u201cdeploy\u201d", "opsroom_help"),
        ("quiet announcements for \u00bd hour", "opsroom_quiet"),
        ("audit report for 2026\u201311", "opsroom_audit_report"),
    ],
)
def test_it_is_one_command_and_reaches_the_pack(message: str, alias: str) -> None:
    (match,) = PACK.matches(message)
    assert match.alias.name == alias
    action = read(ROOT / "actions" / f"{match.alias.action_ref.split('.')[1]}.yaml")
    for name, value in (match.format.format.extract(message) or {}).items():
        pattern = action["parameters"][name].get("pattern", "")
        assert re.search(pattern, value.strip()), (name, value)
