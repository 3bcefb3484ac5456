"""What answers where an interface should be and is not: web servers, gateways, login pages, the
portal of a network."""

from __future__ import annotations

import json
from typing import Any, Mapping

from support.servers.http import Reply


def _json(status: int, content: Any) -> Reply:
    return Reply(status, json.dumps(content), {"Content-Type": "application/json"})


def _page(status: int, title: str) -> Reply:
    return Reply(
        status,
        f"\n<!DOCTYPE html><title>{title}</title>",
        {"Content-Type": "text/html; charset=utf-8"},
    )


# Certain: nothing was done.
NO_API: Mapping[str, Reply] = {
    "a web server": _page(404, "404 Not Found"),
    "a server in Go": Reply(404, "404 page not found\n", {"Content-Type": "text/plain"}),
    "nothing": Reply(404),
    "a gateway": _json(404, {"message": "no Route matched with those values"}),
    "another gateway": _json(404, {"message": "Not Found"}),
    "Kong": _json(404, {"message": "no Route matched with those values",
    "request_id": "3a8b1f5a2f0b4a6a"}),
    "a gateway with ids": _json(404, {"message": "Not Found", "requestId": "8f1c3a"}),
    "WSO2": _json(404, {"code": 900906, "message": "No matching resource found",
    "description": "Check the path"}),
    "Spring": _json(404, {"timestamp": "2026-11-30T07:00:00Z", "status": 404, "error": "Not Found",
    "path": "/v2"}),
    "problem details": _json(404, {"type": "about:blank", "title": "Not Found", "status": 404,
    "instance": "/v2"}),
    "a service of Google": _json(404, {"error": {"code": 404, "message": "Not Found",
    "status": "NOT_FOUND"}}),
    "FastAPI": _json(404, {"detail": "Not Found"}),
    "a list of errors": _json(404, {"errors": [{"title": "Not Found", "code": "404"}]}),
    "a mapping of errors": _json(404, {"errors": {"path": "no such path"}}),
    "a retired server": _page(410, "Gone"),
    "no such method": _page(405, "Method Not Allowed"),
    "a login page": _page(200, "Log in"),
    "the portal of a network": _page(511, "Network Authentication Required"),
    "no such command": _json(501, {"message": "not implemented"}),
}  # fmt: skip
# Perhaps the right one in disorder: something may have been done.
ODD: Mapping[str, Reply] = {
    "an empty page": Reply(200),
    "an empty object": _json(200, {}),
    "null": _json(200, None),
    "a list of nothing": _json(200, [{}]),
    "a health check": _json(200, {"status": "UP"}),
    "another form": _json(200, {"data": {}, "result": [], "total": 0}),
    "plain words": Reply(200, "ok"),
}
