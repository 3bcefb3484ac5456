"""Runs at a played service: time that passes only while someone waits, jobs that stop, and what an
earlier deployment left behind."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import ModuleType
from typing import Any, Callable, Dict, List, Tuple

import pytest

from opsroom import deploys
from opsroom.deploys import Resolved, Target
from opsroom.deploys.remote import Assignment, deployer, follower
from opsroom.errors import OpsroomError
from support.deploys.jobs import Notes, cancelled
from support.options import make, read_options

V1 = Resolved("v1.0.0", "v1.0.0")


class Clock:
    """Seconds since 1970 that pass only while someone waits."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        """Let them pass."""
        self.now += seconds

    def install(self, monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> None:
        """Have remote deployments live by this clock, and what these modules do, too: what they
        call `clock`, `now` and `wait`."""
        for module in (follower, deployer, *modules):
            known = {"clock": self, "now": self, "wait": self.wait}
            found = {name: one for name, one in known.items() if hasattr(module, name)}
            assert found, f"{module.__name__} has no clock"
            for name, one in found.items():
                monkeypatch.setattr(module, name, one)


def options_of(kind: str, known: Dict[str, Any], **raw: Any) -> Tuple[Any, List[str]]:
    """The options of a deploy kind for these keys, and what is wrong with them; `...` leaves a key
    out."""
    return read_options(deploys.REGISTRY, kind, {**known, **raw}, "apps.web.deploy")


def deployer_for(kind: str, known: Dict[str, Any], **raw: Any) -> Any:
    """A deployer for web on uat."""
    target = Target("web", "uat")
    return make(deploys.REGISTRY, kind, {**known, **raw}, "apps.web.deploy", target=target)


def stopping(count: int, stop: Callable[[], None] = cancelled) -> Notes:
    """A job that is stopped at the so-many-th check."""
    job = Notes()

    def check() -> None:
        if job.checks > count:
            stop()

    job._on_check = check
    return job


def left_behind(key: str, run: str, since: float, version: Resolved, deployment: str) -> Notes:
    """A job at a place where a version was asked for, and the runner died."""
    asked = (version.version, version.commit, version.asked)
    left = Assignment("web", "uat", *asked, deployment, "bob", since)
    job = Notes()
    job.handles[key] = json.dumps({**asdict(left), "run": run})
    return job


def caught(made: Any, job: Notes, *secrets: str, resolved: Resolved = V1) -> OpsroomError:
    """The error of a deployment: a whole sentence, with no secret anywhere."""
    with pytest.raises(OpsroomError) as raised:
        made.deploy(resolved, job)
    error = raised.value
    every = f"{error} {error.hint} {error.facts} {job.lines} {job.handles}"
    assert not [one for one in secrets if one in every]
    assert error.message.rstrip(".") != error.message or "See http" in error.message
    return error
