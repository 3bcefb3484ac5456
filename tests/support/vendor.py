"""A vendor on 127.0.0.1: refuses what the vendor's own description of its API refuses, remembers,
and fails on demand.

The descriptions are not a part of the project (their licences do not allow it, or state nothing):
they are read from a folder beside the checkout, or from OPSROOM_CONTRACTS; tests that need one are
skipped, saying so, where there is none.
"""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union
from urllib.parse import urlsplit

import pytest

from support.http_server import HttpServer, Reply, Request, Script

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    Path(os.environ.get("OPSROOM_CONTRACTS", ROOT.parent / "shared" / "contracts")),
    ROOT / "tests" / "schemas",
)


class Vendor(HttpServer):
    """`with Vendor("trello.json", handler) as vendor:` where `handler(request) -> Reply` plays the
    vendor's part.

    - Every request is checked against the contract first. One that the vendor would refuse is
      answered with 400 and kept in `violations`; leaving the `with` block then fails the test.
    - `vendor.instead(Reply(429, ...), ...)`: the next requests get these replies, and nothing is
      done.
    - `vendor.after("unanswered")`: the next request is carried out, and its answer lost (see
      `Reply.drop`).
    - `where` narrows both to requests for which it is true: `vendor.after("unanswered",
      where=is_post)`.
    - `more` are operations that the trimmed contract lacks, as OpenAPI paths; the test says where
      they are documented.
    - `unchecked` are beginnings of paths that the contract does not cover (a token endpoint); the
      handler checks those.
    - `patch` mends a copy of the contract where it contradicts the vendor's documentation; say in
      the test which.
    """

    def __init__(
        self,
        contract: str,
        handler: Callable[[Request], Reply],
        base: str = "",
        more: Optional[Mapping[str, Any]] = None,
        unchecked: Sequence[str] = (),
        patch: Optional[Callable[[Dict[str, Any]], None]] = None,
    ) -> None:
        super().__init__()
        self.violations: List[str] = []
        self.base = base
        self._handler = handler
        self._unchecked = tuple(unchecked)
        self._troubles: List[Any] = []
        self._contract = _load(contract, self.url("").rstrip("/") + base, more or {}, patch)

    def __exit__(self, *details: Any) -> None:
        super().__exit__(*details)
        if details[0] is None:
            assert not self.violations, "\n".join(self.violations)

    def instead(
        self, *replies: Reply, where: Callable[[Request], bool] = lambda request: True
    ) -> None:
        """Answer the next requests (for which `where` holds) with these, one each."""
        self._troubles += [(where, reply, "") for reply in replies]

    def after(self, drop: str, where: Callable[[Request], bool] = lambda request: True) -> None:
        """Carry the next request (for which `where` holds) out, then drop the connection or answer
        with a Reply."""
        self._troubles.append((where, None, drop))

    def sent(self, method: str = "") -> List[Request]:
        """The requests so far, of one method when it is given."""
        return [one for one in self.requests if not method or one.method == method]

    def _note(self, request: Request) -> Script:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        return self._answer

    def _answer(self, request: Request) -> Reply:
        with self._changed:
            trouble = next((one for one in self._troubles if one[0](request)), None)
            if trouble:
                self._troubles.remove(trouble)
            wrong = self._wrong(request)
            if wrong:
                self.violations.append(wrong)
                return Reply(400, wrong)
            if trouble and trouble[1] is not None:
                return trouble[1]
            reply = self._handler(request)
        if trouble:
            return Reply(reply.status, reply.body, reply.headers, drop=trouble[2])
        return reply

    def _wrong(self, request: Request) -> str:
        if any(request.path.startswith(self.base + one) for one in self._unchecked):
            return ""
        from openapi_core.exceptions import OpenAPIError

        try:
            self._contract.validate_request(_Asked(request, self.url("").rstrip("/")))
        except OpenAPIError as error:
            causes = [str(error)]
            cause: Any = error
            while cause is not None:
                causes += [
                    f"{getattr(one, 'json_path', '')}: {one.message}"
                    for one in getattr(cause, "schema_errors", ())
                ]
                cause = cause.__cause__
            body = request.body[:500].decode("utf-8", "replace")
            return (
                f"{request.method} {request.path} {dict(request.query)} {body}: "
                f"{' / '.join(causes)}"
            )
        return ""


def body_of(request: Request) -> Any:
    """The JSON that was sent."""
    return json.loads(request.body)


def answer(content: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(content), {"Content-Type": "application/json", **names})


class _Asked:
    """A request in the form that openapi-core reads."""

    def __init__(self, request: Request, host: str) -> None:
        from openapi_core.datatypes import RequestParameters
        from werkzeug.datastructures import Headers, ImmutableMultiDict

        pairs = [(name, value) for name, values in request.query.items() for value in values]
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(pairs),
            header=Headers(list(request.headers.items())),
            cookie=ImmutableMultiDict(),
        )
        self.host_url = host
        self.path = urlsplit(request.path).path
        self.method = request.method.lower()
        self.body = request.body or None
        self.content_type = request.headers.get("content-type", "")


def _load(
    name: str,
    server: str,
    more: Mapping[str, Any],
    patch: Optional[Callable[[Dict[str, Any]], None]] = None,
) -> Any:
    pytest.importorskip("openapi_core", reason="openapi-core is not installed for this Python")
    from openapi_core import Config, OpenAPI

    found = [folder / name for folder in FOLDERS if (folder / name).is_file()]
    if not found:
        pytest.skip(f"the vendor's description {name} is not here (see OPSROOM_CONTRACTS)")
    if name not in _READ:
        _READ[name] = json.loads(found[0].read_text("utf-8"))
    document: Dict[str, Any] = copy.deepcopy(_READ[name]) if patch else dict(_READ[name])
    document.update(paths={**document["paths"], **more}, servers=[{"url": server}])
    if patch:
        patch(document)
    return OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))


_READ: Dict[str, Union[Dict[str, Any], Any]] = {}
