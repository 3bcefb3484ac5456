"""Paging on a failed deployment: the team that the environment names, once for each deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Sequence

from ..errors import Code, OpsroomError
from ..settings.model import OF_APP
from ..text import one_line
from . import Desk
from .announce_deployments import end_of, ends_of_execution, said_of
from .outcome import Outcome
from .page import page
from .tell_once import tell_once

if TYPE_CHECKING:
    from ..ledger import Record


def page_on_failure(desk: Desk, execution: str) -> Outcome:
    """Page for each deployment of an execution that failed after something had been touched, or was stopped midway.

    Where nobody could be paged, the announce room is told. Raises what `page` raises, and Failure(store_...).
    """
    outcome: Optional[Outcome] = None
    for records in ends_of_execution(desk, execution):
        team = _team(desk, records)
        if team and _failed(records) and _first_time(desk, records[0].deployment):
            outcome = _page(desk, team, records)
    return outcome or Outcome(True, Code.NOTHING_NEW, "There is nothing to page about.", {"paged": 0})


def _failed(records: Sequence[Record]) -> bool:
    from ..ledger import Event

    end = end_of(records)
    return any(one.event is Event.STARTED for one in records) and (end is None or end.event is not Event.SUCCEEDED)


def _team(desk: Desk, records: Sequence[Record]) -> str:
    """Whom the config names for that; empty for nobody."""
    environment = desk.settings.environments.get(records[-1].environment)
    app = desk.settings.apps.get(records[-1].app)
    if environment is None or app is None:
        return ""
    team = environment.for_app(app.name).page_on_failure
    return app.page if team.casefold() == OF_APP else team


def _first_time(desk: Desk, deployment: str) -> bool:
    from ..seen import first_time

    with desk.store.write_plain() as connection:
        return first_time(desk.store, connection, "page_on_failure", deployment)


def _page(desk: Desk, team: str, records: Sequence[Record]) -> Outcome:
    text = said_of(desk, records)
    try:
        return page(desk, team, text, urgent=True)
    except OpsroomError as error:
        why = one_line(error.sentence(), 160)
        told = f"Nobody could be paged about this: {one_line(text, 200)} {why}"
        tell_once(desk, f"page_on_failure:{records[0].deployment}", told, always=True)
        raise
