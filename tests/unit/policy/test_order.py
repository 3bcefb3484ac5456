"""Whether a version has been where it has to be first."""

from __future__ import annotations

from typing import Optional

import pytest

from opsroom.config.model import Environment
from opsroom.deploys import Resolved
from opsroom.errors import Code
from opsroom.policy.order import in_order
from opsroom.versions import Running
from support.cases import cases

PRODUCTION = Environment("production", after="uat")
FREE = Environment("production")
ONE, OTHER = "a" * 40, "b" * 40


@cases(
    ("environment", "wanted", "commit", "running", "allowed"),
    [
        (PRODUCTION, "v1.2.0", "", Running("v1.2.0"), True),
        (PRODUCTION, "v1.2.0", "", Running("1.2.0"), True),
        (PRODUCTION, "v1.2.0", ONE, Running("v1.2.0"), True),
        (PRODUCTION, "v1.2.0", ONE, Running("v1.2.0", ONE), True),
        (PRODUCTION, "v1.2.0", ONE, Running("v1.2.0", ONE[:12]), True),
        # One commit by two names.
        (PRODUCTION, "v1.2.0", ONE, Running("main", ONE), True),
        # A tag that was moved since.
        (PRODUCTION, "v1.2.0", ONE, Running("v1.2.0", OTHER), False),
        (PRODUCTION, "v1.2.0", "", Running("v1.1.0"), False),
        (PRODUCTION, "v1.2.0", ONE, Running("v1.1.0", OTHER), False),
        (PRODUCTION, "v1.2.0", "", Running(""), False),
        (PRODUCTION, "v1.2.0", "", None, False),
        # Newer is not the same.
        (PRODUCTION, "v1.1.0", "", Running("v1.2.0"), False),
        (FREE, "v1.2.0", "", Running("v1.1.0"), True),
        (FREE, "v1.2.0", "", None, True),
    ],
)
def test_only_what_runs_in_the_environment_before_may_go_on(
    environment: Environment,
    wanted: str,
    commit: str,
    running: Optional[Running],
    allowed: bool,
) -> None:
    decision = in_order(environment, "web", Resolved(wanted, wanted, commit), running)
    assert decision.allowed is allowed
    assert decision.code is (None if allowed else Code.OUT_OF_ORDER)
    assert len(decision.message) + len(decision.hint) < 400


@pytest.mark.parametrize(
    ("running", "said"),
    [
        (Running("v1.1.0"), "v1.2.0 of web does not, v1.1.0 runs there."),
        (Running(""), "v1.2.0 of web does not, nothing runs there."),
        (
            Running("v1.2.0", OTHER),
            "v1.2.0 of web does not, v1.2.0 of another commit (bbbbbbbbbbbb) runs there.",
        ),
        (None, "and what web runs there is unknown."),
    ],
)
def test_the_answer_says_what_runs_there_and_which_commands_lead_on(
    running: Optional[Running], said: str
) -> None:
    decision = in_order(PRODUCTION, "web", Resolved("v1.2.0", "v1.2.0", ONE), running)
    assert decision.message.startswith("production takes only what runs on uat")
    assert decision.message.endswith(said)
    assert decision.hint.endswith("Then: promote web from uat to production")
    if running is not None:
        assert decision.hint.startswith("First: deploy web v1.2.0 to uat.")
