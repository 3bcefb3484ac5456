"""What `plan` says of a workflow before it is started."""

from __future__ import annotations

import pytest

from opsroom.deploys import Advisor
from opsroom.errors import Code
from support.contracts.vendor import Vendor
from support.deploys.github import caught, deployer_at
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
    vendor: Vendor, github: GithubDeployments, text: str, words: str
) -> None:
    github.files[WORKFLOW, "v1.0.0"] = text
    deployer = deployer_at(vendor)
    assert isinstance(deployer, Advisor)
    found = deployer.warnings(deployer.resolve("v1.0.0"))
    if not words:
        assert found == ()
        return
    assert len(found) == 1
    assert found[0].startswith("The workflow deploy.yml at v1.0.0 ")
    assert words in found[0]
    assert found[0].endswith(".")


def test_without_correlation_no_input_is_missed(vendor: Vendor, github: GithubDeployments) -> None:
    github.files[WORKFLOW, "v1.0.0"] = WHOLE.replace("opsroom", "other")
    deployer = deployer_at(vendor, correlation=False)
    assert deployer.warnings(deployer.resolve("v1.0.0")) == ()


def test_a_workflow_that_is_off_is_named(vendor: Vendor, github: GithubDeployments) -> None:
    github.workflow_state = "disabled_inactivity"
    deployer = deployer_at(vendor)
    found = deployer.warnings(deployer.resolve("v1.0.0"))
    assert found == ("GitHub has turned the workflow deploy.yml off (disabled_inactivity).",)


def test_the_file_is_read_where_the_workflow_runs(
    vendor: Vendor, github: GithubDeployments
) -> None:
    github.files[WORKFLOW, "main"] = WHOLE
    on_main = deployer_at(vendor, ref="main", inputs={"version": "{version}"})
    assert on_main.warnings(on_main.resolve("v1.0.0")) == ()
    branch = deployer_at(vendor)
    assert branch.warnings(branch.resolve("main")) == ()
    error = caught(branch.warnings, branch.resolve("v1.0.0"))
    assert (error.code, WORKFLOW in error.message) == (Code.GONE, True)


def test_a_deployment_has_nothing_in_its_way(vendor: Vendor) -> None:
    deployer = deployer_at(vendor, mode="deployment", workflow=...)
    assert deployer.warnings(deployer.resolve("v1.0.0")) == ()
