"""A vendor on 127.0.0.1: refuses what our description of its API refuses, remembers, and fails on
demand."""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple
from urllib.parse import unquote

from support.contracts.descriptions import description
from support.contracts.second_opinion import refused
from support.servers.http import HttpServer, Reply, Request, Script

Routes = Sequence[Tuple[str, str, Callable[..., Reply]]]


class Vendor(HttpServer):
    """`with Vendor("trello", handler) as vendor:` where `handler(request) -> Reply` plays the
    vendor's part.

    - Every request is checked with `tests/contracts/trello.yaml` first. One that the vendor would
      refuse is answered with 400 and kept in `violations`; leaving the `with` block then fails the
      test. So does an answer of the handler that is not as the description has it.
    - `vendor.instead(Reply(429, ...), ...)`: the next requests get these replies, and nothing is
      done.
    - `vendor.after("unanswered")`: the next request is carried out, and its answer lost (see
      `Reply.drop`).
    - `where` narrows both to requests for which it is true: `vendor.after("unanswered",
      where=is_post)`.
    - `vendor.odd = True`: what the handler answers from now on is odd on purpose, and not checked.
    - `base` stands before the paths of the description; by default what its server has there.
    - `unchecked` are beginnings of paths that the description does not cover (a token endpoint);
      the handler checks those.
    """

    def __init__(
        self,
        name: str,
        handler: Callable[[Request], Reply],
        base: Optional[str] = None,
        unchecked: Sequence[str] = (),
    ) -> None:
        self._name = name
        self._described = description(name)
        super().__init__()
        self.violations: List[str] = []
        self.odd = False
        self.base = self._described.base if base is None else base
        self._handler = handler
        self._unchecked = tuple(unchecked)
        self._troubles: List[Any] = []

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
            if self._is_checked(request) and not self.odd:
                wrong = self._described.would_not_answer(request, reply, self.base)
                if wrong:
                    self.violations.append(
                        f"answered to {request.method} {request.path}: {reply.body!r:.500}: {wrong}"
                    )
        if trouble:
            return Reply(reply.status, reply.body, reply.headers, drop=trouble[2])
        return reply

    def _is_checked(self, request: Request) -> bool:
        return not any(request.path.startswith(self.base + one) for one in self._unchecked)

    def _wrong(self, request: Request) -> str:
        if not self._is_checked(request):
            return ""
        why = self._described.refuses(request, self.base)
        why = why or refused(self._name, request, self.base)
        if not why:
            return ""
        body = request.body[:500].decode("utf-8", "replace")
        return f"{request.method} {request.path} {dict(request.query)} {body}: {why}"


def body_of(request: Request) -> Any:
    """The JSON that was sent."""
    return json.loads(request.body)


def query_of(request: Request) -> Dict[str, str]:
    """The query, of each name the first value."""
    return {name: values[0] for name, values in request.query.items()}


def page_of(request: Request, rows: Sequence[Any]) -> List[Any]:
    """The rows of the page that was asked for by `per_page` and `page`."""
    query = query_of(request)
    size, page = int(query["per_page"]), int(query.get("page", "1"))
    return list(rows[(page - 1) * size : page * size])


def routed(request: Request, path: str, routes: Routes) -> Optional[Reply]:
    """What the first of the routes that fits answers: (method, or nothing for all; the pattern of
    the whole path; the handler, which is given the request and the groups, unquoted)."""
    for method, pattern, handler in routes:
        found = re.fullmatch(pattern, path)
        if found and method in ("", request.method):
            return handler(request, *(one and unquote(one) for one in found.groups()))
    return None


def answer(content: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(content), {"Content-Type": "application/json", **names})
