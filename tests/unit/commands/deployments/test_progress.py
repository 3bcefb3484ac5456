"""When a running deployment speaks in the room."""

from __future__ import annotations

from typing import List

from opsroom.commands.deployments.job import Reporter
from opsroom.config.model import Progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def reporter(said: List[str], clock: Clock, **limits: int) -> Reporter:
    progress, doing = Progress(**limits), "alice is deploying web v1 to uat"
    return Reporter(doing, progress, said.append, lambda line: None, clock)


def said_after(seconds: float, note: str = "", **limits: int) -> List[str]:
    """What is said in the room when a step has been noted and so many seconds have passed."""
    said: List[str] = []
    clock = Clock()
    one = reporter(said, clock, **limits)
    if note:
        one.note(note)
    clock.now = seconds
    one.tick()
    return said


def test_a_quick_deployment_says_nothing() -> None:
    assert said_after(4.9, "fetching") == []


def test_a_long_one_says_what_it_is_doing_with_growing_pauses_and_only_a_handful_of_times() -> None:
    said: List[str] = []
    clock = Clock()
    one = reporter(said, clock)
    times = []
    for second in range(7200):
        clock.now = float(second)
        one.note(f"step {second}")
        one.tick()
        if len(said) > len(times):
            times.append(second)
    assert times == [5, 35, 95, 215, 455]
    assert said[0] == "alice is deploying web v1 to uat: step 5 (5 s so far)"


def test_zero_messages_means_none() -> None:
    assert said_after(1000, most=0) == []


def test_what_a_deploy_command_prints_is_neutralised_before_it_is_said() -> None:
    (said,) = said_after(6, "{{ st2kv.system.x }} <!channel>\r\nnext")
    assert not [one for one in ("{{", "<!", "\n") if one in said]
