"""show incidents: what is open, since when, for whom, with its card and its page. Changes
nothing."""

from __future__ import annotations

from datetime import datetime, timezone

from ...errors import Code
from ...records.incidents import open_incidents
from ...text import one_line, table, when
from .. import Context, Outcome
from .steps import facts_about


def list_incidents(context: Context) -> Outcome:
    """All that nobody has closed, newest first."""
    with context.store.read() as connection:
        incidents = open_incidents(connection)
    facts = {"incidents": [facts_about(one) for one in incidents]}
    if not incidents:
        return Outcome(True, Code.INCIDENTS, "No incident is open.", facts)
    now = datetime.now(timezone.utc)
    rows = [
        (
            one.id,
            one_line(one.who, 40),
            one_line(one.text, 50),
            f"by {one_line(one.shown, 40)} {when(one.since, now) if one.since else ''}".strip(),
            one.card,
            f"page {one.page}" if one.page else "",
        )
        for one in incidents
    ]
    return Outcome(
        True,
        Code.INCIDENTS,
        table(rows, narrow="close those that are over", heading="Open incidents:"),
        facts,
    )
