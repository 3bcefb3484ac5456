"""Our descriptions of the vendors' operations (`tests/contracts/`), each read once a process, when
it is first used."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple
from urllib.parse import urlsplit

import pytest
import yaml

from support.contracts.operations import METHODS, Operations, resolved
from support.servers.http import Reply, Request

_TESTS = Path(__file__).resolve().parents[2]
CONTRACTS = _TESTS / "contracts"
# Where the vendors' own descriptions are: one that may be kept in the project, and a folder outside
# of it.
_THEIRS = (
    _TESTS / "schemas",
    Path(os.environ.get("OPSROOM_CONTRACTS", _TESTS.parents[1] / "shared" / "contracts")),
)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=None)
def document(name: str) -> Dict[str, Any]:
    """The description `tests/contracts/{name}.yaml` as it is written."""
    read: Dict[str, Any] = yaml.load(
        (CONTRACTS / f"{name}.yaml").read_text("utf-8"), Loader=_LOADER
    )
    return read


@lru_cache(maxsize=None)
def description(name: str) -> Description:
    """One of our descriptions, ready to check with."""
    return Description(document(name))


def vendors_own(file: str) -> Dict[str, Any]:
    """A vendor's own description. Skips the test where it is not there: most of them may not be
    kept in the project."""
    found = next((folder / file for folder in _THEIRS if (folder / file).is_file()), None)
    if found is None:
        pytest.skip(
            "the vendor's own description is not here (OPSROOM_CONTRACTS); ours is used anyway"
        )
    read: Dict[str, Any] = json.loads(found.read_text("utf-8"))
    return read


class Description:
    """Says what a vendor would refuse of a request, and what of a played answer the vendor would
    not answer.

    It is stricter than a vendor in one thing: query parameters and fields that it does not name are
    refused, so that a misspelt one, which the vendor would pass over in silence, is seen.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.base = urlsplit(content["servers"][0]["url"]).path
        self._operations = Operations(content)

    def refuses(self, request: Request, base: str) -> str:
        """Why the vendor would refuse a request; empty when it would not. `base` is what stands
        before the paths."""
        found = self._find(request, base)
        if found is None:
            return "there is no such operation"
        operation, in_path = found
        return operation.refuses(in_path, request.query, request.headers, request.body)

    def would_not_answer(self, request: Request, reply: Reply, base: str) -> str:
        """Why a played answer is none of the vendor's; empty when it could be one, as any refusal
        could."""
        found = self._find(request, base)
        if found is None or not 200 <= reply.status < 300:
            return ""
        body = reply.body if isinstance(reply.body, bytes) else reply.body.encode("utf-8")
        return found[0].would_not_answer(reply.status, reply.headers.get("Content-Type", ""), body)

    def _find(self, request: Request, base: str) -> Any:
        path = urlsplit(request.path).path
        if not path.startswith(base):
            return None
        return self._operations.find(request.method, path[len(base) :])


def parameters_of(whole: Mapping[str, Any], path: str, method: str) -> List[Mapping[str, Any]]:
    """The parameters of an operation, those of its path among them."""
    item = whole["paths"][path]
    return [
        resolved(whole, one)
        for one in (*item.get("parameters", ()), *item[method].get("parameters", ()))
    ]


def operations_of(whole: Mapping[str, Any]) -> List[Tuple[str, str]]:
    """The operations of a description as (path, method)."""
    return [
        (path, method)
        for path, item in whole["paths"].items()
        for method in METHODS
        if method in item
    ]
