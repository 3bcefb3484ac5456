"""Asking what runs: one place, or many at once, each within its own time limit."""

from __future__ import annotations

from typing import Callable, Dict, Hashable, Mapping, Optional, TypeVar, Union

from ..deadline import together
from ..errors import OpsroomError
from ..settings.model import App, Environment
from ..versions import Running
from .places import version_source_for

Key = TypeVar("Key", bound=Hashable)
Answer = Union[Running, OpsroomError]

# As many as `curl --parallel` opens; beyond that threads only wait for each other.
AT_ONCE = 50
# Longer than any single source is meant to take; a source that outlives it is reported, not waited for.
TOGETHER = 30.0


def ask(app: App, environment: Environment) -> Running:
    """What runs there now. Raises Refusal(cannot_tell_version) or Failure."""
    return version_source_for(app, environment).ask()


def ask_or_none(app: App, environment: Environment) -> Optional[Running]:
    """What runs there now, or None where that cannot be told. For records, which are written anyway."""
    try:
        return ask(app, environment)
    except OpsroomError:
        return None


def ask_many(questions: Mapping[Key, Callable[[], Running]], limit: float = TOGETHER) -> Dict[Key, Answer]:
    """Put all questions at once. The answer to each is what runs or the error; none is ever missing."""
    return together(questions, limit, AT_ONCE)
