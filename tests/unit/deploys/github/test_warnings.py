"""What `plan` says of a workflow before it is started."""

from __future__ import annotations

import pytest

from opsroom.deploys import Advisor
from opsroom.errors import Code
from support.deploys.sites import Site
from support.vendors.github_deployments import WORKFLOW, GithubDeployments

WHOLE = """\
run-name: >-
  deploy ${{ github.ref_name }}
  [${{ inputs.opsroom }}]
on:
  workflow_dispatch:
    inputs:
      environment: {required: true}
      opsroom:
        required: false
jobs: {deploy: {runs-on: x, steps: [{run: "echo ${{ inputs.opsroom }}"}]}}
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WHOLE, ""),
        (WHOLE.replace("inputs.opsroom", "inputs['opsroom']"), ""),
        (
            WHOLE.replace("[${{ inputs.opsroom", "[${{ inputs.other"),
            "does not show the input opsroom",
        ),
        (WHOLE.replace("      opsroom:", "      other:"), "has no input opsroom"),
        (WHOLE.replace("workflow_dispatch", "workflow_call"), "lacks the trigger"),
    ],
)
def test_a_file_that_lacks_something_is_named(
    site: Site, github: GithubDeployments, text: str, words: str
) -> None:
    github.files[WORKFLOW, "v1.0.0"] = text
    deployer = site.deployer()
    assert isinstance(deployer, Advisor)
    found = deployer.warnings(deployer.resolve("v1.0.0"))
    if not words:
        assert found == ()
        return
    assert len(found) == 1
    assert found[0].startswith("The workflow deploy.yml at v1.0.0 ")
    assert words in found[0]
    assert found[0].endswith(".")


def test_without_correlation_no_input_is_missed(site: Site, github: GithubDeployments) -> None:
    github.files[WORKFLOW, "v1.0.0"] = WHOLE.replace("opsroom", "other")
    deployer = site.deployer(correlation=False)
    assert deployer.warnings(deployer.resolve("v1.0.0")) == ()


def test_a_workflow_that_is_off_is_named(site: Site, github: GithubDeployments) -> None:
    github.workflow_state = "disabled_inactivity"
    deployer = site.deployer()
    found = deployer.warnings(deployer.resolve("v1.0.0"))
    assert found == ("GitHub has turned the workflow deploy.yml off (disabled_inactivity).",)


def test_the_file_is_read_where_the_workflow_runs(site: Site, github: GithubDeployments) -> None:
    github.files[WORKFLOW, "main"] = WHOLE
    on_main = site.deployer(ref="main", inputs={"version": "{version}"})
    assert on_main.warnings(on_main.resolve("v1.0.0")) == ()
    branch = site.deployer()
    assert branch.warnings(branch.resolve("main")) == ()
    error = site.refused(branch.warnings, branch.resolve("v1.0.0"))
    assert (error.code, WORKFLOW in error.message) == (Code.GONE, True)


def test_a_deployment_has_nothing_in_its_way(site: Site) -> None:
    deployer = site.deployer(mode="deployment", workflow=...)
    assert deployer.warnings(deployer.resolve("v1.0.0")) == ()
