"""Rules of an environment, read as a part of a config."""

from __future__ import annotations

import copy
from typing import Any, Dict, List

import pytest

from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.config.model import Settings
from opsroom.errors import Refusal

SECRET = "JBSWY3DPEHPK3PXP"


WORLD: Dict[str, Any] = {
    "people": {"alice": {}, "bob": {}, "carol": {"totp": SECRET}, "dave": {}},
    "groups": {"managers": ["carol", "dave"]},
    "environments": {"test": {}, "uat": {}, "production": {}},
    "apps": {"web": {}, "api": {"environments": ["test", "uat"]}},
}


def read(rules: Dict[str, Any], **changes: Any) -> Settings:
    """The world with these rules of production."""
    raw = {**copy.deepcopy(WORLD), **changes}
    raw["environments"] = {**raw["environments"], "production": rules}
    return load(raw, KINDS)


def problems(rules: Dict[str, Any], **changes: Any) -> List[str]:
    with pytest.raises(Refusal) as refused:
        read(rules, **changes)
    return list(refused.value.facts["problems"])


HERE = "environments.production"
