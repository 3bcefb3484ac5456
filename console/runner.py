"""Running an action of the pack in this process, and what StackStorm would keep of its
execution."""

from __future__ import annotations

import importlib.util
import inspect
import io
import json
import sys
import time
import traceback
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from .aliases import Action


@dataclass
class ConsoleRoom:
    """The room `name` that a running action speaks in, and the way to speak in others."""

    shown: Callable[[str], None] = lambda text: None
    passing: Callable[[str], None] = lambda text: None
    name: str = ""

    def say(self, text: str) -> None:
        """A message of its own."""
        self.shown(text)

    def live(self, text: str) -> None:
        """What is being done now; it passes."""
        self.passing(text)

    def called(self, name: str) -> ConsoleRoom:
        """The room of that name. There is one terminal for all, so what is said elsewhere says
        where."""
        if name == self.name:
            return self
        return ConsoleRoom(lambda text: self.shown(f"({name}) {text}"), name=name)


@dataclass
class Run:
    """One execution: who and what, and afterwards how it ended. `mapping()` is what a result format
    reads."""

    id: str
    action: Action
    parameters: Mapping[str, Any]
    context: Mapping[str, Any]
    status: str = "requested"
    result: Dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def mapping(self) -> Dict[str, Any]:
        """The execution as StackStorm's API shows it, the parts that a template may want."""
        return {
            "id": self.id,
            "status": self.status,
            "result": self.result,
            "parameters": dict(self.parameters),
            "context": dict(self.context),
            "action": {
                "ref": self.action.ref,
                "name": self.action.name,
                "pack": self.action.ref.split(".")[0],
            },
            "runner": {"name": "python-script"},
            "web_url": "",
            "elapsed_seconds": self.seconds,
        }


def execute(
    run: Run, passed: Mapping[str, Any], config: Mapping[str, Any], database: str, room: ConsoleRoom
) -> None:
    """Run the action and note in `run` how it ended; what it raises is part of that."""
    out, err = io.StringIO(), io.StringIO()
    began = time.perf_counter()
    exit_code = 0
    result: Any = "None"
    with ExitStack() as around:
        around.enter_context(redirect_stdout(out))
        around.enter_context(redirect_stderr(err))
        try:
            made = _load_class(run.action.entry_point)
            _surround(made, around, database, room, run.id)
            ok, result = _outcome(made(config=dict(config), action_service=None).run(**passed))
            run.status = "failed" if ok is False else "succeeded"
        except KeyboardInterrupt:
            run.status, exit_code = "canceled", -2
        except BaseException:
            # StackStorm keeps the traceback in stderr, and the text None for the result.
            err.write(traceback.format_exc())
            run.status, exit_code = "failed", 1
    run.seconds = time.perf_counter() - began
    run.result = {
        "result": result,
        "exit_code": exit_code,
        "stdout": out.getvalue(),
        "stderr": err.getvalue(),
    }


def _outcome(returned: Any) -> Tuple[Optional[bool], Any]:
    if isinstance(returned, tuple) and len(returned) == 2:
        ok, result = returned
        if ok is not None and not isinstance(ok, bool):
            raise ValueError(f"run() must return True or False as its status, not {ok!r}")
    else:
        ok, result = None, returned
    try:
        return ok, json.loads(json.dumps(result))
    except (TypeError, ValueError):
        return ok, str(result)


def _load_class(entry_point: Path) -> Any:
    """The action's class. The module is loaded afresh each time, as StackStorm starts a process
    each time."""
    for folder in (entry_point.parent, entry_point.parent / "lib"):
        if str(folder) not in sys.path:
            # At the end: an action called help.py must not hide a module that someone else
            # imports.
            sys.path.append(str(folder))
    spec = importlib.util.spec_from_file_location(
        f"opsroom_console_action_{entry_point.stem}", entry_point
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{entry_point} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    classes = [
        one
        for _, one in inspect.getmembers(module, inspect.isclass)
        if one.__module__ == module.__name__ and callable(getattr(one, "run", None))
    ]
    if not classes:
        raise ImportError(f"{entry_point} has no class with a run method")
    return classes[0]


def _surround(
    made: Any, around: ExitStack, database: str, room: ConsoleRoom, execution_id: str
) -> None:
    """Tell the pack's own actions, until the stack is left, that they are elsewhere than in
    StackStorm."""
    if not hasattr(made, "surroundings"):
        return
    from opsroom.action import OpsroomAction, Surroundings

    around.callback(setattr, OpsroomAction, "surroundings", OpsroomAction.surroundings)
    OpsroomAction.surroundings = Surroundings(database, room, execution_id, room.called)
