"""Verifying the record: the whole chain is recomputed and compared with the hashes noted before.

- audit verify: on request, and shows the newest hash.
- For the rule print_head: keeps the newest hash in a file and posts it in the announce room.
- For the rules check_record and page_on_broken_record: every night; a broken record is posted in
  the announce room, and pages a team.
"""

from __future__ import annotations

from pathlib import Path

from ...audit.heads import (
    Head,
    Verified,
    heads_file,
    keep_head,
    read_heads,
    take_over,
    unclaimed,
    verify_record,
)
from ...errors import Code, Refusal
from ...names import shown
from ...text import message, span, stamp
from .. import Context, Outcome
from ..announce import post_once
from ..pages.page import page

_HASH_DIGITS = 64


def audit_verify(
    context: Context, folder: Path, head: str = "", record: int = 0, keep: bool = False
) -> Outcome:
    """Check every record, the hashes kept in `folder`, and `head`, a hash noted elsewhere (of
    `record`, if given).

    `keep` adds the newest hash to those in the folder. Not ok, with code record_broken, when
    anything does not fit. Raises Refusal(invalid_name) for a head that is no hash.
    """
    given = [Head(_checked(head), record)] if head.strip() else []
    place = context.store.place
    file = heads_file(folder, place)
    with context.store.read() as connection:
        now = context.store.now(connection)
        left = take_over(connection, folder, place)
        found = verify_record(connection, [*read_heads(file), *given], unclaimed(left), now)
        took = (context.store.now(connection) - now).total_seconds()
    newest = Head(found.chain.head_hash, found.chain.head, stamp(now))
    if keep and found.ok and found.chain.records:
        keep_head(file, newest, place)
    facts = {
        "records": found.chain.records,
        "head": newest.record,
        "head_hash": newest.hash,
        "at": newest.at,
        "heads_compared": found.heads,
        "heads_archived": found.archived,
        "archived": found.chain.archive.last if found.chain.archive else 0,
        "broken": found.broken,
        "breaks": [
            {"record": one.seq, "kind": one.kind, "message": one.message} for one in found.breaks
        ],
        "heads_file": str(file),
        "clock_jumps": [
            {"first": one.first, "last": one.last, "message": one.message} for one in found.jumps
        ],
    }
    code, text = (
        (Code.RECORD_HOLDS, _holds(found, took))
        if found.ok
        else (Code.RECORD_BROKEN, _broken(found))
    )
    return Outcome(found.ok, code, text, facts)


def _checked(head: str) -> str:
    found = head.strip().lower()
    if len(found) != _HASH_DIGITS or set(found) - set("0123456789abcdef"):
        raise Refusal(
            Code.INVALID_NAME,
            f"{shown(head)} is not a hash of a record.",
            "It has 64 hexadecimal digits. To see the newest: audit verify",
        )
    return found


def _holds(found: Verified, took: float) -> str:
    chain = found.chain
    if not chain.records:
        return "The record is empty; there is nothing to verify."
    heads = (
        f", and {_counted(found.heads, 'noted hash', 'noted hashes')} with it"
        if found.heads
        else ""
    )
    archived = f"{chain.archive.text}.\n" if chain.archive else ""
    return (
        f"The record holds: {_counted(chain.records, 'record', 'records')} checked in "
        f"{span(took)}{heads}.\n"
        f"{_jumps(found)}Newest: record {chain.head}, {chain.head_hash}\n"
        f"{archived}Note it elsewhere; to check against it later: audit verify against HASH"
    )


def _jumps(found: Verified) -> str:
    if not found.jumps:
        return ""
    more = f" And {len(found.jumps) - 1} more." if len(found.jumps) > 1 else ""
    return f"{found.jumps[0].message}{more}\n"


def _broken(found: Verified) -> str:
    more = f" And {found.broken - 1} more." if found.broken > 1 else ""
    # What is noted first is what the chain itself shows; a lost head may be the only sign.
    return (
        f"The record is BROKEN: {found.breaks[0].message}{more}\n"
        f"Newest: record {found.chain.head} of {found.chain.records:,}. Keep a copy of the "
        "database as it is, and look "
        f"at who could write to it."
    )


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def announce_head(context: Context, folder: Path) -> Outcome:
    """For a rule, daily: anyone who reads the room, or keeps its log, holds a proof outside of the
    database.

    A record that is broken is announced too. Raises Refusal(not_configured) where no room is
    configured.
    """
    room = context.settings.announce
    if not room:
        raise Refusal(
            Code.NOT_CONFIGURED,
            "The config of opsroom names no room to announce in.",
            "An administrator can add announce to opsroom.yaml.",
        )
    outcome = audit_verify(context, folder, keep=True)
    context.rooms(room).say(message(outcome.message))
    return outcome


def check_record(context: Context, folder: Path, wake: bool = False) -> Outcome:
    """Verify the record against itself and the hashes in `folder`. Not ok, with code record_broken,
    when it is broken.

    That is posted once a day, also while announcements are muted. With `wake`, the team under
    audit.page is paged; without such a team, this raises Refusal(not_configured) every night, not
    only in the one in which it matters.
    """
    team = context.settings.audit_page
    if wake and not team:
        raise Refusal(
            Code.NOT_CONFIGURED,
            "The config of opsroom names nobody to page when the record is broken.",
            "An administrator can add audit: {page: TEAM} to opsroom.yaml.",
        )
    outcome = audit_verify(context, folder)
    if outcome.ok:
        return outcome
    with context.store.read() as connection:
        day = context.store.now(connection).date().isoformat()
    post_once(context, f"record:{day}", outcome.message, always=True)
    if wake:
        page(context, team, outcome.message, urgent=True)
    return outcome
