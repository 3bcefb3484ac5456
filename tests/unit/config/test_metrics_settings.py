"""Metrics for Prometheus, as the config says it."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.model import MetricsSettings
from opsroom.errors import Refusal
from support.cases import cases

SMALLEST = {"environments": {"uat": {}}}


def metrics(raw: Any) -> MetricsSettings:
    return load({**SMALLEST, "metrics": raw}, KINDS).metrics


def test_without_a_folder_there_is_no_file() -> None:
    assert load(SMALLEST, KINDS).metrics == MetricsSettings("")
    assert metrics({}) == MetricsSettings("")
    assert metrics({"folder": "/var/lib/x"}) == MetricsSettings("/var/lib/x")


WRONG = [
    ({"folder": "x/y"}, "metrics.folder: expected the full path of a folder, found 'x/y'"),
    ({"folder": None}, "metrics.folder"),
    ({"file": "/x"}, "metrics.folder: expected the full path of a folder, found nothing"),
    ("on", "metrics"),
]


@cases(("raw", "complaint"), WRONG)
def test_what_is_wrong_is_named(raw: Any, complaint: str) -> None:
    with pytest.raises(Refusal) as refused:
        metrics(raw)
    assert any(one.startswith(complaint) for one in refused.value.facts["problems"])
