"""Our descriptions of the vendors' operations (`tests/contracts/`), each read once a process, when
it is first used."""

from __future__ import annotations

import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Tuple
from urllib.parse import urlsplit

import pytest
import yaml

from support.http_server import Reply, Request

_TESTS = Path(__file__).resolve().parents[1]
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
    """One of our descriptions, ready to check with. Skips the test where openapi-core is not
    installed."""
    pytest.importorskip(
        "openapi_core", reason="openapi-core is not installed for this Python (it needs 3.10)"
    )
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


def resolved(whole: Mapping[str, Any], node: Any) -> Any:
    """What a `$ref` of a description stands for; anything else as it is."""
    while isinstance(node, Mapping) and "$ref" in node:
        path = re.sub(r"%7[Bb]", "{", re.sub(r"%7[Dd]", "}", node["$ref"][2:]))
        node = whole
        for part in path.split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            node = node[int(key)] if isinstance(node, list) else node[key]
    return node


class Description:
    """Says what a vendor would refuse of a request, and what of a played answer the vendor would
    not answer.

    It is stricter than a vendor in one thing: query parameters and fields that it does not name are
    refused, so that a misspelt one, which the vendor would pass over in silence, is seen.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        from openapi_core import Config, OpenAPI

        server = urlsplit(content["servers"][0]["url"])
        self._host, self.base = f"{server.scheme}://{server.netloc}", server.path
        self._api = OpenAPI.from_dict(dict(content), config=Config(spec_validator_cls=None))
        # Paths without parts to fill in come first, as OpenAPI has it.
        paths = sorted(content["paths"], key=lambda path: path.count("{"))
        self._paths = [
            (re.compile(re.sub(r"\\?\{[^}]*\\?\}", "[^/]+", re.escape(path))), path)
            for path in paths
        ]
        self._content = content
        # Tests send and play the same thing again and again; openapi-core takes 10 ms for each.
        self._judged: Dict[Any, str] = {}

    def refuses(self, request: Request, base: str) -> str:
        """Why the vendor would refuse a request; empty when it would not. `base` is what stands
        before the paths."""
        return self._once((_key(request), base), lambda: self._refuses(request, base))

    def _refuses(self, request: Request, base: str) -> str:
        from openapi_core.exceptions import OpenAPIError

        asked = self._asked(request, base)
        try:
            self._api.validate_request(asked)
        except OpenAPIError as error:
            return _causes(error)
        unknown = sorted(
            set(request.query) - self._query_names(request.method, asked.path[len(self.base) :])
        )
        return f"no such query parameter: {', '.join(unknown)}" if unknown else ""

    def would_not_answer(self, request: Request, reply: Reply, base: str) -> str:
        """Why a played answer is none of the vendor's; empty when it could be one, as any refusal
        could."""
        if not 200 <= reply.status < 300:
            return ""
        played = (reply.status, reply.body, tuple(sorted(reply.headers.items())))
        return self._once(
            (_key(request), base, played), lambda: self._would_not_answer(request, reply, base)
        )

    def _would_not_answer(self, request: Request, reply: Reply, base: str) -> str:
        from openapi_core.exceptions import OpenAPIError

        try:
            self._api.validate_response(self._asked(request, base), _Answered(reply))
        except OpenAPIError as error:
            return _causes(error)
        return ""

    def _once(self, key: Any, judge: Callable[[], str]) -> str:
        if key not in self._judged:
            self._judged[key] = judge()
        return self._judged[key]

    def _asked(self, request: Request, base: str) -> _Asked:
        path = urlsplit(request.path).path
        return _Asked(
            request, self._host, self.base + path[len(base) :] if path.startswith(base) else path
        )

    def _query_names(self, method: str, path: str) -> FrozenSet[str]:
        known = next((known for pattern, known in self._paths if pattern.fullmatch(path)), None)
        return _query_names_of(self._content, known, method.lower())


def parameters_of(whole: Mapping[str, Any], path: str, method: str) -> List[Mapping[str, Any]]:
    """The parameters of an operation, those of its path among them."""
    item = whole["paths"][path]
    return [
        resolved(whole, one)
        for one in (*item.get("parameters", ()), *item[method].get("parameters", ()))
    ]


def operations_of(whole: Mapping[str, Any]) -> List[Tuple[str, str]]:
    """The operations of a description as (path, method)."""
    methods = ("get", "put", "post", "patch", "delete")
    return [
        (path, method)
        for path, item in whole["paths"].items()
        for method in methods
        if method in item
    ]


def _query_names_of(whole: Mapping[str, Any], path: Optional[str], method: str) -> FrozenSet[str]:
    if path is None or method not in whole["paths"][path]:
        return frozenset()
    return frozenset(
        one["name"] for one in parameters_of(whole, path, method) if one["in"] == "query"
    )


def _key(request: Request) -> Any:
    """All of a request but the port that it came to."""
    return (
        request.method,
        request.path,
        json.dumps(request.query),
        tuple(sorted((name, text) for name, text in request.headers.items() if name != "host")),
        request.body,
    )


def _causes(error: Any) -> str:
    causes, cause = [str(error)], error
    while cause is not None:
        causes += [
            f"{getattr(one, 'json_path', '')}: {one.message}"
            for one in getattr(cause, "schema_errors", ())
        ]
        cause = cause.__cause__
    return " / ".join(causes)


class _Asked:
    """A request in the form that openapi-core reads."""

    def __init__(self, request: Request, host: str, path: str) -> None:
        from openapi_core.datatypes import RequestParameters
        from werkzeug.datastructures import Headers, ImmutableMultiDict

        pairs = [(name, value) for name, values in request.query.items() for value in values]
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(pairs),
            header=Headers(list(request.headers.items())),
            cookie=ImmutableMultiDict(),
        )
        self.host_url = host
        self.path = path
        self.method = request.method.lower()
        self.body = request.body or None
        self.content_type = request.headers.get("content-type", "")


class _Answered:
    """An answer in the form that openapi-core reads."""

    def __init__(self, reply: Reply) -> None:
        from werkzeug.datastructures import Headers

        self.data = reply.body if isinstance(reply.body, bytes) else reply.body.encode("utf-8")
        self.status_code = reply.status
        self.headers = Headers(list(reply.headers.items()))
        self.content_type = reply.headers.get("Content-Type", "")
