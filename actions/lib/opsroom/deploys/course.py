"""The course of a deployment in steps: what has to hold before the next one, and how far it is when
its runner dies.

After a step the version source of the application is asked, then the check; both once more after
the pause. Two versions run between two steps, so of the source only that is wanted what can be
true: it answers, and reports no version but the new one and those that it reported at first.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from typing import Callable, Mapping, Optional, Sequence, Tuple

from ..errors import Code, Failure, OpsroomError
from ..names import either, listed
from ..structs import dataclass
from ..text import span
from ..versions import Running, Version, same
from . import Job
from .checks import CheckFailed, ask
from .remote import follower
from .steps import PLAIN, Steps

_CHECKPOINT = "steps"
_PAUSE = 2.0

# Tests put their own here: seconds since 1970.
now: Callable[[], float] = time.time

# A version and its commit, which may be empty.
Known = Tuple[str, str]


@dataclass(frozen=True)
class Mark:
    """How far a deployment is. `key` is its id.

    - `passed`: so many steps are behind, with what follows them.
    - `until`: when the pause after the next one ends, in seconds since 1970; 0 before it begins.
    - `known`: what the version source reported before the first step; None where it is not asked.
    """

    key: str
    passed: int = 0
    until: float = 0.0
    known: Optional[Tuple[Known, ...]] = None


class Course:
    """The steps of the deployment `key`, which brings `version`. `values` fill the check."""

    def __init__(
        self, steps: Steps, key: str, version: Version, values: Mapping[str, str], job: Job
    ) -> None:
        self._steps = steps
        self._version = version
        self._values = {**values, "version": version.version}
        self._job = job
        self._mark = self._kept(key) or Mark(key)
        # Where nothing comes between two steps there is nothing to note.
        self._noted = steps != PLAIN

    @property
    def passed(self) -> int:
        """So many steps are behind, with what follows them."""
        return self._mark.passed

    def begin(self) -> None:
        """Note what runs before the first step. Where nobody can say, nothing could be concluded
        from what is said later, and the source is not asked again."""
        known: Optional[Tuple[Known, ...]] = None
        if self._steps.sizes:
            try:
                running = self._job.running()
                known = None if running is None else _known(running)
            except OpsroomError as error:
                known = _versions_in(error)
                if known is None:
                    self._job.note(f"the version is not read between steps: {error.message}")
        self._keep(replace(self._mark, known=known))

    def follow(
        self, number: int, total: int, parts: Sequence[str], wait: Callable[[float], None]
    ) -> None:
        """What comes after step `number` of `total`, which brought the version to `parts`; nothing
        where that has been passed before. `wait` waits so many seconds.

        Raises CheckFailed, and what `wait` and `Job.check` raise.
        """
        if number <= self._mark.passed:
            return
        try:
            self._passed(number, total, parts, wait)
        except CheckFailed:
            self._forget()
            raise
        if number == total:
            self._forget()
        else:
            self._keep(replace(self._mark, passed=number, until=0.0))

    def _passed(
        self, number: int, total: int, parts: Sequence[str], wait: Callable[[float], None]
    ) -> None:
        step, pause = f"step {number} of {total}", self._steps.pause
        self._ask(step, parts, number < total)
        if number == total or not pause:
            return
        seconds = pause
        if self._mark.until:
            seconds = min(max(self._mark.until - now(), 0.0), pause)
        else:
            self._keep(replace(self._mark, until=now() + pause))
        self._job.note(f"{step} is done; waiting {span(seconds)}")
        wait(seconds)
        self._ask(step, parts, True)

    def _ask(self, step: str, parts: Sequence[str], more: bool) -> None:
        # After the last one the pipeline asks the source, and wants the new version then.
        if more and self._mark.known is not None:
            self._ask_source(step, self._mark.known)
        if self._steps.check is not None:
            self._job.note(f"checking {listed(parts, 5)}" if parts else "checking")
            ask(self._steps.check, self._values, parts, self._job)

    def _ask_source(self, step: str, known: Sequence[Known]) -> None:
        """Ask until what it says can be true. Raises CheckFailed after `Job.verify_for`."""
        self._job.note("reading the version")
        give_up = follower.clock() + self._job.verify_for
        while True:
            self._job.check()
            wrong, hint = self._wrong(known)
            if not wrong:
                return
            if follower.clock() >= give_up:
                raise CheckFailed(Code.DEPLOY_FAILED, f"After {step} {wrong}", hint)
            self._job.note(wrong)
            follower.pause(_PAUSE, self._job)

    def _wrong(self, known: Sequence[Known]) -> Tuple[str, str]:
        """What cannot be true of the answer, as the end of a sentence, with a hint."""
        try:
            running = self._job.running()
            found = () if running is None else _known(running)
        except OpsroomError as error:
            versions = _versions_in(error)
            if versions is None:
                return f"the version cannot be read: {error.message}", error.hint
            found = versions
        allowed = [*known, (self._version.version, self._version.commit)]
        other = [one[0] or "no version" for one in found if not any(_same(one, k) for k in allowed)]
        if not other:
            return "", ""
        names = either(dict.fromkeys(name or "no version" for name, _ in allowed))
        return f"the application reports {listed(other)}, expected {names}.", ""

    # The checkpoint.

    def _keep(self, mark: Mark) -> None:
        self._mark = mark
        if self._noted:
            self._job.keep(_CHECKPOINT, json.dumps(asdict(mark), sort_keys=True))

    def _forget(self) -> None:
        if self._noted:
            self._job.keep(_CHECKPOINT, "")

    def _kept(self, key: str) -> Optional[Mark]:
        text = self._job.kept(_CHECKPOINT)
        values = json.loads(text) if text else {}
        if values.get("key") != key:
            return None
        known = values.pop("known")
        return Mark(**values, known=None if known is None else tuple(map(tuple, known)))


def _known(running: Running) -> Tuple[Known, ...]:
    return ((running.version, running.commit),)


def _versions_in(error: OpsroomError) -> Optional[Tuple[Known, ...]]:
    """The versions of a place whose parts differ; None where the error says no such thing."""
    versions = error.facts.get("versions")
    if not isinstance(error, Failure) or not error.facts.get("mixed") or not versions:
        return None
    return tuple((str(one), "") for one in versions)


def _same(one: Known, other: Known) -> bool:
    return one[0] == other[0] == "" or same(Running(*one), Running(*other))
