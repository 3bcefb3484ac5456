"""Reading what becomes of incidents: where their cards go, what a closed one looks like, which room is told."""

from __future__ import annotations

import re

from .fields import Fields
from .model import Incidents

# An action of StackStorm: pack and name.
_ACTION = re.compile(r"^[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_.-]{1,128}$")


def read_incidents(fields: Fields) -> Incidents:
    """The whole of `incidents`."""
    inner = fields.inside("incidents")
    found = Incidents(
        project=inner.text("project", "", expected="a tracker, a project, or TRACKER:PROJECT"),
        closed=inner.text("closed", "", expected="the name of a column or state"),
        room=inner.text("room", "", expected="the name of a room"),
    )
    inner.finish()
    return found


def read_check(fields: Fields) -> str:
    """`check` of an application: the action that a release runs after each deployment."""
    return fields.text("check", "", pattern=_ACTION, expected="an action of StackStorm, such as acme.smoke_test")
