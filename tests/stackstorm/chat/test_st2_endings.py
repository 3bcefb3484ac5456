"""However an execution ends, the room reads one clear sentence, and the record tells the truth
afterwards."""

from __future__ import annotations

import os
import re
import signal
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
import yaml

from support.stackstorm.client import Answer, StackStorm, wait_for
from support.waiting import alive
from support.worlds.world import ROOT, World

RED = {"slack": {"color": "#a30200", "thread_response": True}}


def without_fields(answer: Answer) -> Dict[str, Any]:
    """What an answer has for Slack; of what it says of a deployment, nothing here has a value."""
    slack = dict(answer.posted["extra"]["slack"])
    assert {one["value"] for one in slack.pop("fields", [])} <= {""}
    return {"slack": slack}


NOT_DONE = (
    "opsroom could not run approve change. To see why, an administrator can run: st2 "
    "execution get {id}"
)
LOOK = "To see the outcome: show changes"
STOPPED = f"approve change ended without an answer: it was stopped at its time limit of 2 s. {LOOK}"
CANCELLED = f"approve change was cancelled in StackStorm; what it had started may still run. {LOOK}"
NEVER_BEGUN = f"approve change was cancelled in StackStorm before it began. {LOOK}"
BY_A_POLICY = (
    "approve change was not started: a policy of StackStorm allows no more of these at once. "
    "Try again when one has finished; dead ones are closed by: st2 run "
    "opsroom.close_dead_executions"
)
GIVEN_UP = f"approve change ended without an answer: StackStorm gave up on it. {LOOK}"
OF_THE_DEPLOYMENT = "To see the outcome: history of api on uat"
SAID_ON_THE_WAY = "printed-where-the-room-must-not-read-it"

# Whoever answers, the room reads the same.
pytestmark = pytest.mark.usefixtures("each_route")

ACK = yaml.safe_load((ROOT / "aliases" / "deploy.yaml").read_text(encoding="utf-8"))["ack"]
BODIES = {
    "answers": "return self.answer(lambda context: Outcome(True, Code.HELP, 'Answer.'), 'alice', "
    "'#dev', 'chatops_bot')",
    "refuses": "return self.answer(refuse, 'alice', '#dev', 'chatops_bot')",
    "defect": "return self.answer(lambda context: {}['KEY'], 'alice', '#dev', 'chatops_bot')",
    "raises": "raise RuntimeError('SAID')",
    "dies": "import os; os._exit(7)",
    "hangs": "import time; time.sleep(600)",
}
ACTION = """
import sys

from opsroom.action import OpsroomAction
from opsroom.commands import Outcome
from opsroom.errors import Code, Refusal


def refuse(context):
    raise Refusal(Code.LOCKED, "Locked.", "Wait.")


class Ending(OpsroomAction):
    def run(self):
        print("SAID")
        print("SAID", file=sys.stderr)
        BODY
"""


@pytest.fixture
def answered(
    stackstorm: StackStorm, world: World, installed: Any, request: Any
) -> Iterator[Answer]:
    """What is answered to an alias like `approve change` whose action ends in a certain way."""
    with ending(stackstorm, installed, request.param) as command:
        yield stackstorm.say(command)


@contextmanager
def ending(
    storm: StackStorm, installed: Any, how: str, limit: int = 60, beyond_one: str = ""
) -> Iterator[str]:
    """An action that ends in a certain way, with an alias like `approve change`; yields what to
    say.

    `beyond_one` is what a policy does to a second that is asked for while one runs: cancel or
    delay.
    """
    name = f"ending_{uuid.uuid4().hex[:8]}"
    alias = yaml.safe_load(
        (installed.checkout / "aliases" / "approve_change.yaml").read_text(encoding="utf-8")
    )
    if how == "does not load":
        source = f"import {SAID_ON_THE_WAY.replace('-', '_')}\n"
    else:
        source = ACTION.replace("BODY", BODIES[how]).replace("SAID", SAID_ON_THE_WAY)
    given = {"timeout": {"default": limit}}
    said = f"say {name}"
    files = {f"{name}.py": source}
    with ExitStack() as there:
        made = {"runner_type": "python-script", "entry_point": f"{name}.py", "parameters": given}
        ref = there.enter_context(storm.action(name, files, **made))
        answers = {"ack": ACK, "result": alias["result"]}
        there.enter_context(storm.alias(name=name, action_ref=ref, formats=[said], **answers))
        if beyond_one:
            there.enter_context(
                storm.policy(ref, "action.concurrency", threshold=1, action=beyond_one)
            )
        yield said


def in_one_sentence(answer: Answer, sentence: str) -> None:
    assert answer.message == sentence.format(id=answer.id)
    assert SAID_ON_THE_WAY not in str(answer.posted)
    assert without_fields(answer) == RED


@pytest.mark.parametrize("answered", ["raises", "dies", "does not load"], indirect=True)
def test_a_crash_is_one_sentence_with_the_execution_to_look_at(answered: Answer) -> None:
    assert answered.status == "failed"
    in_one_sentence(answered, NOT_DONE)


@pytest.mark.parametrize("answered", ["defect"], indirect=True)
def test_a_defect_of_the_pack_is_named_and_its_traceback_is_for_administrators(
    answered: Answer,
) -> None:
    assert (answered.status, answered.code) == ("failed", "crashed")
    assert answered.message.startswith("opsroom hit an internal error (KeyError).")
    assert "Traceback" not in str(answered.posted)
    assert "Traceback" in answered.execution["result"]["stderr"]
    assert without_fields(answered) == RED


def test_a_time_out_is_one_sentence(stackstorm: StackStorm, world: World, installed: Any) -> None:
    with ending(stackstorm, installed, "hangs", limit=2) as command:
        answered = stackstorm.say(command)
    assert answered.status == "timeout"
    in_one_sentence(answered, STOPPED)


@pytest.mark.parametrize("answered", ["answers", "refuses"], indirect=True)
def test_an_answer_is_what_it_says(answered: Answer, each_route: str) -> None:
    done = answered.status == "succeeded"
    # The link needs what only StackStorm's workflow looks up.
    link = answered.execution.get("web_url", "") if each_route == "hubot" else ""
    assert answered.message == f"{'Answer.' if done else 'Locked. Wait.'} {link}".strip()
    colour = "#2eb886" if done else "#daa038"
    assert without_fields(answered) == {"slack": {"color": colour, "thread_response": True}}
    assert (answered.posted["channel"], answered.posted["user"]) == ("#dev", "alice")
    assert answered.ack == f"On it. The answer follows here; execution {answered.id}"


def test_what_a_policy_keeps_from_running_is_one_sentence(
    stackstorm: StackStorm, world: World, installed: Any
) -> None:
    with ending(stackstorm, installed, "hangs", limit=20, beyond_one="cancel") as command:
        running = stackstorm.begin(command)
        begun(stackstorm, running)
        answered = stackstorm.say(command)
        assert stackstorm.call("DELETE", f"/executions/{running['execution']['id']}").ok
        first = stackstorm.finish(running)
    assert (answered.status, first.status) == ("canceled", "canceled")
    in_one_sentence(answered, BY_A_POLICY)
    in_one_sentence(first, CANCELLED)


def test_what_never_got_its_turn_is_one_sentence(
    stackstorm: StackStorm, world: World, installed: Any
) -> None:
    with ending(stackstorm, installed, "hangs", limit=20, beyond_one="delay") as command:
        running = stackstorm.begin(command)
        begun(stackstorm, running)
        waiting = stackstorm.begin(command)
        wait_for(
            lambda: stackstorm.execution(waiting["execution"]["id"])["status"] == "delayed",
            "the delay",
        )
        for one in (waiting, running):
            assert stackstorm.call("DELETE", f"/executions/{one['execution']['id']}").ok
        answered, _ = stackstorm.finish(waiting), stackstorm.finish(running)
    assert answered.status == "canceled"
    in_one_sentence(answered, NEVER_BEGUN)


def test_what_a_runner_gave_up_is_one_sentence(
    stackstorm: StackStorm, world: World, installed: Any
) -> None:
    with ending(stackstorm, installed, "hangs", limit=20) as command:
        running = stackstorm.begin(command)
        begun(stackstorm, running)
        given_up = {"status": "abandoned", "result": {}}
        assert stackstorm.call("PUT", f"/executions/{running['execution']['id']}", given_up).ok
        answered = stackstorm.finish(running)
    assert answered.status == "abandoned"
    in_one_sentence(answered, GIVEN_UP)


def begun(storm: StackStorm, told: Dict[str, Any]) -> None:
    """Wait until it runs."""
    wait_for(lambda: storm.execution(told["execution"]["id"])["status"] == "running", "a runner")


@dataclass(frozen=True)
class Slow:
    """A deployment of `api` that has begun and goes on until it is told to end; 0.9 runs until
    then."""

    world: World
    begun: Dict[str, Any]
    pid: int
    gate: Path

    def history(self, stackstorm: StackStorm) -> str:
        return str(stackstorm.ask("history of api on uat", "bob").result["message"])


@pytest.fixture
def slow(stackstorm: StackStorm, world: World) -> Iterator[Slow]:
    """The command of the deployment writes its process id to a file, and waits for another."""
    pid, gate, version = (world.folder / name for name in ("pid", "gate", "api-version"))
    version.write_text("0.9\n")
    wait = f"while [ ! -e {gate} ]; do sleep 0.1; done"
    command = f"echo $$ > {pid}.new; mv {pid}.new {pid}; {wait}; echo $1 > {version}"
    world.with_app(
        "api",
        deploy={"kind": "command", "command": ["/bin/sh", "-c", command, "sh", "{version}"]},
        version={"kind": "command", "command": ["cat", str(version)]},
    )
    stackstorm.configure(world.config)
    begun = stackstorm.begin("deploy api 1.0 to uat", "alice")
    wait_for(pid.exists, "the deployment's command")
    process = int(pid.read_text())
    yield Slow(world, begun, process, gate)
    gate.touch()
    wait_for(lambda: not alive(process), "the end of the deployment's command")
    # Whoever is still at it needs the world.
    wait_for(
        lambda: bool(stackstorm.ask("history of api on uat").result) and not world.claims(),
        "the claim's end",
    )


def cancel(stackstorm: StackStorm, slow: Slow) -> None:
    assert stackstorm.call("DELETE", f"/executions/{slow.begun['execution']['id']}").ok


def test_a_cancelled_command_is_one_sentence(stackstorm: StackStorm, slow: Slow) -> None:
    cancel(stackstorm, slow)
    answer = stackstorm.finish(slow.begun)
    assert answer.status == "canceled"
    what = "deploy api 1.0 to uat was cancelled in StackStorm; what it had started may still run."
    in_one_sentence(answer, f"{what} {OF_THE_DEPLOYMENT}")


def test_a_cancelled_deployment_is_recorded_as_what_it_was(
    stackstorm: StackStorm, slow: Slow
) -> None:
    """StackStorm 3.9 marks a Python action as cancelled and lets its process run on; another one
    may stop it."""
    cancel(stackstorm, slow)
    stackstorm.ended(slow.begun["execution"]["id"])
    slow.gate.touch()
    wait_for(lambda: not slow.world.claims(), "the end of the deployment")
    wait_for(lambda: "now" not in slow.history(stackstorm).split("\n")[1], "the record")
    ran = (slow.world.folder / "api-version").read_text().strip()
    assert slow.world.events() == [
        "asked",
        "started",
        "succeeded" if ran == "1.0" else "interrupted",
    ]


def test_a_deployment_whose_runner_is_killed_stops_and_is_recorded_as_interrupted(
    stackstorm: StackStorm, slow: Slow
) -> None:
    try:
        os.kill(
            parent(parent(slow.pid)), signal.SIGKILL
        )  # the action, above the program's supervisor
    except PermissionError:
        pytest.skip("the actions run as another user, whose processes cannot be killed here")
    answer = stackstorm.finish(slow.begun)
    # StackStorm takes any end by SIGKILL, the kernel's for want of memory too, for its own at a
    # time-out.
    assert answer.status == "timeout"
    killed = re.fullmatch(
        r"deploy api 1\.0 to uat ended without an answer: its process was killed after \d+ "
        r"s\. (.*)",
        answer.message,
    )
    assert killed, answer.message
    assert killed.group(1) == OF_THE_DEPLOYMENT
    assert without_fields(answer) == RED
    wait_for(lambda: not alive(slow.pid), "the end of the deployment's command")
    # At once: the history asks StackStorm, and no lease has to end.
    assert "interrupted" in slow.history(stackstorm)
    assert slow.world.events() == ["asked", "started", "interrupted"]
    (record,) = slow.world.finished()
    assert (record.requester, record.code, record.facts["running"]) == (
        "alice",
        "interrupted",
        "0.9",
    )
    assert (record.execution_id, record.facts["found_by"]) == (answer.id, "bob")


def test_after_an_interruption_the_next_deployment_works_at_once(
    stackstorm: StackStorm, slow: Slow
) -> None:
    try:
        os.kill(
            parent(parent(slow.pid)), signal.SIGKILL
        )  # the action, above the program's supervisor
    except PermissionError:
        pytest.skip("the actions run as another user, whose processes cannot be killed here")
    slow.gate.touch()
    stackstorm.ended(slow.begun["execution"]["id"])
    assert stackstorm.ask("deploy api 2.0 to uat", "carol").code == "deployed"
    assert [record.event.value for record in slow.world.finished()] == ["succeeded", "interrupted"]


def parent(pid: int) -> int:
    """The process that started this one."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
