"""quiet announcements, loud announcements: mutes the announce room for a time. Everything is
recorded as usual."""

from __future__ import annotations

from datetime import timedelta

from ..errors import Code, Refusal
from ..records.announcements import begin_silence as begin
from ..records.announcements import end, silenced
from ..records.ledger import append
from ..records.model import Event
from ..text import span
from ..times.moments import read_end
from ..times.zones import local_time
from . import Context, Outcome
from .request import Request, resumed

# Nobody notices a quiet that lasts for days.
MAX_SECONDS = 8 * 3600.0


def quiet(context: Context, length: str) -> Outcome:
    """Mute the announce room for so long ("30m", "2h"), or until then ("17:00"); emergencies are
    still posted.

    Raises Refusal(not_allowed, not_configured, invalid_time).
    """
    request = Request(context, "quiet", "", "", "")
    with resumed(request):
        _refuse_unknown(context, "make announcements quiet")
        _some_room(context)
        store, zone = context.store, context.settings.timezone
        with store.write() as connection:
            now = store.now(connection)
            until = read_end(length, now, zone)
            if until - now > timedelta(seconds=MAX_SECONDS):
                raise Refusal(
                    Code.INVALID_TIME,
                    f"Announcements can be quiet for {span(MAX_SECONDS)} at most.",
                    "For example: quiet announcements for 30m",
                )
            begin(store, connection, context.speaker, until, context.execution_id)
            text = (
                f"{context.speaker.shown} made announcements in {context.settings.announce} "
                f"quiet until {local_time(until, now, zone)}. Emergencies and pages are still "
                "announced. To end it: loud announcements"
            )
            append(
                store,
                connection,
                request.entry(Event.QUIET, Code.QUIET.value, text, until=until.isoformat()),
            )
        request.ended = True
    return Outcome(True, Code.QUIET, text, {"until": until, "room": context.settings.announce})


def loud(context: Context) -> Outcome:
    """Unmute, and report how many posts were left out. Raises Refusal(not_allowed)."""
    request = Request(context, "loud", "", "", "")
    with resumed(request):
        _refuse_unknown(context, "make announcements loud")
        store = context.store
        with store.write() as connection:
            silence = end(store, connection)
            missed = silenced(connection, silence.since) if silence else 0
            if silence is None:
                text = "Announcements are not quiet; nothing was changed."
            else:
                held_back = (
                    f"{missed or 'No'} "
                    f"{'announcement was' if missed == 1 else 'announcements were'} held back."
                )
                text = f"{context.speaker.shown} made announcements loud again. {held_back}"
                text += " To see what was deployed: history on ENVIRONMENT" if missed else ""
            append(
                store, connection, request.entry(Event.LOUD, Code.LOUD.value, text, missed=missed)
            )
        request.ended = True
    return Outcome(True, Code.LOUD, text, {"missed": missed, "was_quiet": silence is not None})


def _refuse_unknown(context: Context, what: str) -> None:
    if context.speaker.person is None:
        raise Refusal(
            Code.NOT_ALLOWED,
            f"{context.speaker.shown} may not {what}: the config of opsroom knows nobody by "
            "this name.",
            "An administrator can add you under people in opsroom.yaml.",
        )


def _some_room(context: Context) -> None:
    if not context.settings.announce:
        raise Refusal(
            Code.NOT_CONFIGURED,
            "The config of opsroom names no room to announce in, so nothing is announced.",
            "An administrator can add announce to opsroom.yaml.",
        )
