"""The deploy kind command, with real commands."""

from __future__ import annotations

import os
import re
import signal

import pytest

from opsroom.deploys import REGISTRY, Resolved, Target
from opsroom.errors import Code, Failure, Refusal
from support.cases import cases
from support.deploys.jobs import Notes
from support.errors import failure_of
from support.options import read_options
from support.waiting import alive, until

TARGET = Target("web", "uat")


def options_of(**raw):
    return read_options(REGISTRY, "command", raw, "apps.web.deploy")


def deploy(job, version="v1.2.0", **raw):
    options, lines = options_of(**raw)
    assert lines == []
    deployer = REGISTRY.make("command", options, target=TARGET)
    deployer.deploy(deployer.resolve(version), job)


def test_the_placeholders_are_filled_in_arguments_folder_and_environment(tmp_path):
    (tmp_path / "uat").mkdir()
    job = Notes()
    deploy(
        job,
        command=["sh", "-c", 'echo "$0|$1|$SECRET|$(pwd)"', "{app}-{version}", "{environment}"],
        cwd=f"{tmp_path}/{{environment}}",
        environ={"SECRET": "{version}!"},
    )
    assert job.lines == [f"web-v1.2.0|uat|v1.2.0!|{os.path.realpath(tmp_path)}/uat"]


def test_output_is_progress_and_the_claim_is_checked():
    job = Notes()
    deploy(job, command=["sh", "-c", "echo one; echo two >&2"])
    assert job.lines == ["one", "two"]
    assert job.checks > 0


def test_braces_that_are_no_placeholder_reach_the_command(tmp_path):
    job = Notes()
    deploy(job, command=["echo", '{"a": {}}', "{ app }"])
    assert job.lines == ['{"a": {}} { app }']


def test_another_status_than_0_fails_with_the_last_line():
    caught = failure_of(
        deploy, Notes(), command=["sh", "-c", "echo start; echo no space left; exit 3"]
    )
    assert caught.code is Code.DEPLOY_FAILED
    assert caught.message == "'sh' ended with status 3: no space left"
    assert caught.facts == {"status": 3, "output": ["start", "no space left"]}


def test_the_time_limit_ends_it():
    caught = failure_of(deploy, Notes(), command=["sleep", "300"], time_limit=1)
    assert caught.code is Code.TIMED_OUT


def test_a_lost_claim_ends_the_command_and_what_it_started(tmp_path):
    path = tmp_path / "pids"

    def check():
        if path.exists() and len(path.read_text().split()) == 2:
            raise Failure(Code.CLAIM_LOST, "Lost.")

    caught = failure_of(
        deploy, Notes(check), command=["sh", "-c", 'sleep 300 & echo $$ $! > "$0"; wait', str(path)]
    )
    assert caught.code is Code.CLAIM_LOST
    for pid in path.read_text().split():
        until(lambda pid=pid: not alive(int(pid)), "the end of the family")


def test_nothing_is_started_when_the_claim_is_lost_already(tmp_path):
    def check():
        raise Failure(Code.CLAIM_LOST, "Lost.")

    with pytest.raises(Failure):
        deploy(Notes(check), command=["touch", str(tmp_path / "done")])
    assert not (tmp_path / "done").exists()


def test_a_missing_program_fails_the_deployment():
    caught = failure_of(deploy, Notes(), command=["no-such-deploy-script"])
    assert caught.code is Code.DEPLOY_FAILED
    assert "not installed" in caught.message


def test_a_version_stands_for_itself_and_is_checked_once_more():
    options, _ = options_of(command=["true"])
    deployer = REGISTRY.make("command", options, target=TARGET)
    assert deployer.resolve("anything-1") == Resolved("anything-1", "anything-1")
    for version in ("-rf", "$(id)", "a b", "../x", "a\nb"):
        with pytest.raises(Refusal):
            deployer.resolve(version)
        with pytest.raises(Refusal):
            deployer.deploy(Resolved(version, version), Notes())


@cases(
    ("raw", "complaint"),
    [
        ({"command": "deploy.sh {version}"}, "command: expected a list of arguments"),
        ({"command": []}, "command: expected a list of at least one argument"),
        ({}, "command: expected a list of arguments, found nothing"),
        ({"command": ["x", "{verison}"]}, "command: {verison} is not filled in here"),
        ({"command": ["x"], "cwd": "/{env}"}, "cwd: {env} is not filled in here"),
        ({"command": ["x"], "environ": {"A": "{b}"}}, "environ.A: {b} is not filled in here"),
        ({"command": ["x"], "time_limit": 0}, "time_limit: expected a length of time"),
        ({"command": ["x"], "timeout": 5}, "timeout: there is no such key"),
    ],
)
def test_wrong_options_are_told(raw, complaint):
    (line,) = options_of(**raw)[1]
    assert line.startswith(f"apps.web.deploy.{complaint}")


def test_secrets_do_not_show_in_the_options():
    assert "hidden" not in repr(options_of(command=["x"], secret_environ={"TOKEN": "hidden"})[0])


def test_colours_are_no_part_of_the_progress_or_the_reason():
    job = Notes()
    deploy(
        job,
        command=["printf", r"\033[32mbuilding\033[0m\n\033[1;31mno space left\033[m\n\033[0m\n"],
    )
    caught = failure_of(
        deploy,
        job,
        command=[
            "sh",
            "-c",
            r"printf '\033[1;31mno space left\033[m\n\033[0m\n\033[?25h'; exit 3",
        ],
    )
    assert job.lines == ["building", "no space left", "no space left"]
    assert caught.message == "'sh' ended with status 3: no space left"


def test_what_goes_on_after_a_success_is_said():
    job = Notes()
    deploy(
        job,
        command=[
            "sh",
            "-c",
            "exec 1>&- 2>&-; sleep 300 & until grep -q ^sleep /proc/$!/comm; do :; done",
        ],
    )
    (line,) = job.lines
    pid = int(
        re.fullmatch(r"What it started still runs: sleep \(process ([0-9]+)\)\.", line).group(1)
    )
    assert alive(pid)
    os.kill(pid, signal.SIGKILL)


def test_what_goes_on_after_a_failure_is_said():
    script = (
        "setsid sleep 300 >/dev/null 2>&1 & until grep -q ^sleep /proc/$!/comm; do :; done; "
        "echo no; exit 1"
    )
    caught = failure_of(deploy, Notes(), command=["sh", "-c", script])
    (left,) = caught.facts["left_running"]
    assert caught.message == f"'sh' ended with status 1: no. What it started still runs: {left}."
    os.kill(int(re.search("[0-9]+", left).group(0)), signal.SIGKILL)
