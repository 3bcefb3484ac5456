"""openapi-core's opinion of requests that our own checker takes.

Our checker (`support.contracts.operations`) is twenty times as fast. So that it stays as strict,
openapi-core looks at one in so many requests too: what it refuses, a vendor must be seen to refuse.
"""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from support.contracts.descriptions import document, operations_of
from support.servers.http import Request

# One in so many of the different requests: 2 ms each, and 1 s for the first of a process.
_FORM = "application/x-www-form-urlencoded"
_ONE_IN = 40


def refused(name: str, request: Request, base: str, one_in: int = _ONE_IN) -> str:
    """Why openapi-core would refuse a request, where it is asked; else empty, as where it is not
    installed."""
    if request.headers.get("content-type", "").startswith(_FORM):
        return ""  # it reads only those fields of a form that are named, and Jenkins' are not
    told = f"{request.method} {request.path} {sorted(request.query)}".encode() + request.body
    if zlib.crc32(told) % one_in:
        return ""
    api = _api(name)
    if api is None:
        return ""
    from openapi_core.exceptions import OpenAPIError

    try:
        api.validate_request(_Asked(document(name), request, base))
    except OpenAPIError as error:
        return f"openapi-core refuses what our checker takes: {_causes(error)}"
    except TypeError:
        pass  # it cannot read a parameter that may be of several types
    return ""


@lru_cache(maxsize=None)
def is_installed() -> bool:
    """Whether openapi-core can be imported: it needs Python 3.10, and another jsonschema than
    version 3.2, which hides a newer one where StackStorm 3.9 runs the tests."""
    try:
        import openapi_core  # noqa: F401
    except ImportError:
        return False
    return True


@lru_cache(maxsize=None)
def _api(name: str) -> Any:
    if not is_installed():
        return None
    from openapi_core import Config, OpenAPI

    known = document(name)
    # Those that it does not know as JSON it would check as bytes.
    kinds = {
        kind: json.loads
        for path, method in operations_of(known)
        for kind in known["paths"][path][method].get("requestBody", {}).get("content", {})
        if kind.endswith("+json")
    }
    config = Config(spec_validator_cls=None, extra_media_type_deserializers=kinds)
    return OpenAPI.from_dict(known, config=config)


def _causes(error: Any) -> str:
    causes, cause = [str(error)], error
    while cause is not None:
        causes += [f"{one.json_path}: {one.message}" for one in getattr(cause, "schema_errors", ())]
        cause = cause.__cause__
    return " / ".join(causes)


class _Asked:
    """A request in the form that openapi-core reads."""

    def __init__(self, described: Any, request: Request, base: str) -> None:
        from openapi_core.datatypes import RequestParameters
        from werkzeug.datastructures import Headers, ImmutableMultiDict

        server = urlsplit(described["servers"][0]["url"])
        pairs = [(name, value) for name, values in request.query.items() for value in values]
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(pairs),
            header=Headers(list(request.headers.items())),
            cookie=ImmutableMultiDict(),
        )
        self.host_url = f"{server.scheme}://{server.netloc}"
        self.path = server.path + urlsplit(request.path).path[len(base) :]
        self.method = request.method.lower()
        self.body = request.body or None
        self.content_type = request.headers.get("content-type", "")
