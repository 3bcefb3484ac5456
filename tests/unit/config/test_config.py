"""The config as objects, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom import deploys
from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.problems import duration
from opsroom.errors import Code, Refusal
from support.cases import cases
from support.errors import refusal_of
from support.metadata import read

DEPLOY_KINDS = ", ".join(deploys.REGISTRY.kinds())
ROOT = Path(__file__).resolve().parents[3]
SMALLEST: Dict[str, Any] = {"environments": {"uat": {}}, "apps": {"web": {}}}


def problems(**changes: Any) -> List[str]:
    refused = refusal_of(load, {**SMALLEST, **changes}, KINDS)
    assert refused.code is Code.SETTINGS_INVALID
    return list(refused.facts["problems"])


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {},
        {"relays": ["chatops_bot"]},
        {"apps": {}, "environments": {}},
        # What StackStorm makes of a file that is not there: the sections that have properties.
        {"progress": {}, "page_limit": {}, "ledger": {}, "audit": {}, "watching": {}, "board": {}},
    ],
)
def test_no_config_at_all_is_answered_with_what_to_do(raw: Any) -> None:
    with pytest.raises(Refusal, match="installed but not configured") as refused:
        load(raw, KINDS)
    assert refused.value.code is Code.NOT_CONFIGURED
    assert "opsroom.yaml.example" in refused.value.hint


def test_a_typo_in_the_name_of_the_only_section_is_named() -> None:
    refused = refusal_of(load, {"enviroments": {"test": {}}}, KINDS)
    assert refused.code is Code.SETTINGS_INVALID
    first = refused.facts["problems"][0]
    assert first == "enviroments: there is no such key; did you mean environments?"


def test_the_smallest_config_has_sensible_defaults() -> None:
    settings = load(SMALLEST, KINDS)
    assert settings.relays == ("chatops_bot",)
    assert (settings.lease, settings.progress.after, settings.route) == (60.0, 5.0, "chatops")
    assert settings.environments["uat"].deployers is None
    assert settings.apps["web"].verify_for == 60.0


@cases(
    ("changes", "line"),
    [
        ({"relays": "  "}, "relays: expected a list of StackStorm users, found an empty text"),
        (
            {"relays": [True]},
            "relays[0]: expected a text, found true; put quotes around it: without them YAML",
        ),
        (
            {"lease": "soon"},
            "lease: expected a length of time of 10s or more such as 30s, 5m or 2h, found 'soon'",
        ),
        (
            {"lease": "5s"},
            "lease: expected a length of time of 10s or more such as 30s, 5m or 2h, found '5s'",
        ),
        (
            {"progress": {"most": "two"}},
            "progress.most: expected a whole number from 0 to 20, found 'two'",
        ),
        ({"progress": ["x"]}, "progress: expected a mapping, found a list"),
        ({"zzz": {}}, "zzz: there is no such key; known here:"),
        ({"app": {}}, "app: there is no such key; did you mean apps?"),
        ({"environments": {"u at": {}}}, "environments.u at: expected a name of an environment"),
        (
            {"environments": {"Everything": {}}},
            "environments.Everything: expected a name of an environment other than",
        ),
        (
            {"environments": {"uat": {}, "UAT": {}}},
            "environments.UAT: expected a name that differs from 'uat' by more than case",
        ),
        (
            {"environments": {"uat": {"deployers": ["ghost"]}}},
            "environments.uat.deployers: expected people and groups of the config, found 'ghost'",
        ),
        (
            {"environments": {"uat": {"deployer": ["x"]}}},
            "environments.uat.deployer: there is no such key; did you mean deployers?",
        ),
        (
            {"groups": {"team": ["ghost"]}},
            "groups.team: expected people of the config, found 'ghost'",
        ),
        (
            {"people": {"a": {}}, "groups": {"a": ["a"]}},
            "groups.a: expected a name that no person has",
        ),
        (
            {"apps": {"web": {"environments": ["prod"]}}},
            "apps.web.environments: expected environments of the config, found 'prod'",
        ),
        (
            {"apps": {"web": {"deploy": {"kind": "ftp"}}}},
            f"apps.web.deploy.kind: expected one of {DEPLOY_KINDS}, found 'ftp'",
        ),
        (
            {"apps": {"web": {"deploy": {}}}},
            f"apps.web.deploy.kind: expected one of {DEPLOY_KINDS}, found nothing",
        ),
        ({"apps": {"web": "x"}}, "apps.web: expected a mapping, found a text"),
    ],
)
def test_a_complaint_names_the_key_what_was_found_and_what_is_allowed(
    changes: Dict[str, Any], line: str
) -> None:
    assert any(one.startswith(line) for one in problems(**changes)), problems(**changes)


def test_all_complaints_are_told_at_once() -> None:
    lines = problems(lease="soon", nonsense=1, progress={"most": -1}, groups={"g": ["nobody"]})
    assert len(lines) == 4


def test_a_wrong_value_is_never_shown_whole_since_it_may_be_a_secret() -> None:
    secret = "s3cr3t-" * 20
    assert not any(secret in line for line in problems(lease=secret))


def test_the_example_config_is_valid_and_names_every_key() -> None:
    raw = read(ROOT / "opsroom.yaml.example")
    settings = load(raw, KINDS)
    assert list(settings.environments) == ["test", "uat", "production"]
    assert settings.environments["production"].deployers == ("release-managers", "alice")
    assert settings.environments_of(settings.apps["api"]) == ("test", "uat")
    assert settings.apps_in("production") == ("web", "worker")
    schema = read(ROOT / "config.schema.yaml")
    assert set(raw) | {"database"} == set(schema)


def test_the_schema_knows_the_same_keys_as_the_settings() -> None:
    schema = read(ROOT / "config.schema.yaml")
    line = next(one for one in problems(zzzzzz=1) if one.startswith("zzzzzz"))
    known = line.split("known here: ")[1].split(", ")
    assert set(known) == set(schema)


@cases(
    ("value", "seconds"),
    [
        (30, 30),
        ("30", 30),
        ("5m", 300),
        ("1.5h", 5400),
        ("1 d", 86400),
        ("-1s", None),
        (True, None),
        ("x", None),
        (None, None),
    ],
)
def test_lengths_of_time_are_read(value: Any, seconds: Any) -> None:
    assert duration(value) == seconds
