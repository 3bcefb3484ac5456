"""Which version runs, read live from version sources: one, or many at once within a time limit.

Apart from `deployments`, since `version` needs neither the record nor a database.
"""

from __future__ import annotations

from typing import Callable, Dict, Hashable, Mapping, Optional, Tuple, TypeVar, Union

from ..deadline import together
from ..errors import OpsroomError
from ..text import one_line
from ..versions import Running
from .resolve import DeploymentTarget

Key = TypeVar("Key", bound=Hashable)
Answer = Union[Running, OpsroomError]

# As many as `curl --parallel` opens; beyond that threads only wait for each other.
AT_ONCE = 50
# Longer than any single source is meant to take, in seconds; a source that outlives it is reported,
# not waited for.
TOGETHER = 30.0


def ask(target: DeploymentTarget) -> Running:
    """What runs there now. Raises Refusal(cannot_tell_version) or Failure."""
    return target.version_source.ask()


def ask_anyway(target: DeploymentTarget) -> Tuple[Optional[Running], str]:
    """What runs there now, or None where that is unknown, with the sentence that says so where
    parts of the place differ. For records and answers, which are written anyway."""
    try:
        return ask(target), ""
    except OpsroomError as error:
        return None, one_line(error.message, 200) if error.facts.get("mixed") else ""


def ask_many(
    questions: Mapping[Key, Callable[[], Running]], limit: float = TOGETHER
) -> Dict[Key, Answer]:
    """Put all questions at once, within `limit` seconds. The answer to each is what runs or the
    error; none is ever missing."""
    return together(questions, limit, AT_ONCE)
