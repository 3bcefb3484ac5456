"""The actions of the pack, and what each of them does."""

from __future__ import annotations

import importlib
from typing import Type

from opsroom.action import Effect, OpsroomAction
from support.worlds.world import ROOT


def class_of(action: str) -> Type[OpsroomAction]:
    """The class behind the name of an action."""
    module = importlib.import_module(action)
    return next(
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, OpsroomAction) and one is not OpsroomAction
    )


ACTIONS = sorted(path.stem for path in (ROOT / "actions").glob("*.py"))
CHANGING = [one for one in ACTIONS if class_of(one).effect is not Effect.READS]
