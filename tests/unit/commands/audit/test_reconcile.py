"""The record compared with the history of StackStorm."""

from __future__ import annotations

import json
from typing import Any, Dict, List

import pytest

from opsroom.stackstorm.history import PAGE
from support.expectations import expect, says
from support.records.audits import ALWAYS, EXECUTION, TITLE
from support.servers.http import HttpServer, Reply, Request
from support.worlds.world import World


class StackStorm:
    """As much of StackStorm's API as a comparison asks for: pages of executions, oldest first with
    sort_asc."""

    def __init__(self, server: HttpServer, executions: List[Dict[str, Any]]) -> None:
        self.executions = executions
        server.on("/v1/executions", self._list)
        for one in executions:
            server.on(f"/v1/executions/{one['id']}", Reply(body=json.dumps(one)))

    def _list(self, request: Request) -> Reply:
        query = {name: values[0] for name, values in request.query.items()}
        assert int(query["limit"]) <= PAGE, "StackStorm refuses more to who is no administrator"
        found = sorted(
            self.executions, key=lambda one: one["start_timestamp"], reverse="sort_asc" not in query
        )
        if "action" in query:
            found = [one for one in found if one["action"]["ref"] == query["action"]]
            found = [
                one
                for one in found
                if query["timestamp_gt"] < one["start_timestamp"] < query["timestamp_lt"]
            ]
        start = int(query.get("offset", 0))
        return Reply(body=json.dumps(found[start : start + int(query["limit"])]))


def execution(
    number: str, action: str = "deploy", at: str = "2020-01-01T00:00:01.000000Z", **more: Any
) -> Dict[str, Any]:
    context = {"user": "chatops_bot", "api_user": "alice"}
    return {"id": number, "action": {"ref": f"opsroom.{action}"}, "status": "succeeded",
    "start_timestamp": at,
            "context": context, **more}  # fmt: skip


class TestReconcile:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        with HttpServer() as server:
            monkeypatch.setenv("ST2_ACTION_API_URL", server.url("/v1"))
            monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", "token-of-this-execution")
            yield server

    def test_both_have_the_same(self, used: World, server: HttpServer) -> None:
        StackStorm(server, [execution(EXECUTION, at="1999-12-31T23:59:59.000000Z")])
        told = used.ask("reconcile", **ALWAYS)
        expect(told, ok=True, code="reconciled")
        assert (
            told["message"]
            == f"{TITLE}: the record and StackStorm's history have the same 1 executions."
        )
        assert server.requests[0].headers["x-auth-token"] == "token-of-this-execution"

    def test_an_execution_without_a_record_is_named(self, used: World, server: HttpServer) -> None:
        StackStorm(server, [
            execution(EXECUTION, at="2026-01-01T00:00:00.000000Z"),
            execution("5f00000000000000000000aa", "rollback", status="failed"),
            execution("5f00000000000000000000ab", status="running"),
            execution("5f00000000000000000000ac", "get_history"),
        ])  # fmt: skip
        told = used.ask("reconcile", **ALWAYS)
        expect(told, ok=False, code="record_incomplete")
        assert [one["execution"] for one in told["only_in_stackstorm"]] == [
            "5f00000000000000000000aa"
        ]
        assert (
            "1 only in StackStorm, first 5f00000000000000000000aa (opsroom.rollback by alice, "
            "failed)" in (told["message"])
        )

    def test_a_record_without_an_execution_is_named(self, used: World, server: HttpServer) -> None:
        StackStorm(
            server,
            [execution("5f00000000000000000000bb", "core.local", at="2026-01-01T00:00:00.000000Z")],
        )
        told = used.ask("reconcile", **ALWAYS)
        assert told["ok"] is False
        assert [(one["execution"], one["record"]) for one in told["only_in_the_record"]] == [
            (EXECUTION, 1)
        ]

    def test_what_is_older_than_the_history_is_counted(
        self, used: World, server: HttpServer
    ) -> None:
        StackStorm(
            server,
            [execution("5f00000000000000000000bb", "plan", at="2099-01-01T00:00:00.000000Z")],
        )
        told = used.ask("reconcile", **ALWAYS)
        assert told["ok"] is True
        assert told["too_old"] == 1
        says(told, "history begins 2099-01-01 00:00 UTC; 1 older executions could not be compared")

    def test_more_than_a_page_is_read_to_its_end(self, used: World, server: HttpServer) -> None:
        many = [execution(f"5e{number:022x}", status="failed") for number in range(PAGE + 3)]
        StackStorm(server, [*many, execution(EXECUTION)])
        told = used.ask("reconcile", **ALWAYS)
        assert len(told["only_in_stackstorm"]) == PAGE + 3

    def test_the_right_that_is_missing_is_named(self, used: World, server: HttpServer) -> None:
        server.on("/v1/executions", Reply(status=403, body="{}"))
        told = used.ask("reconcile", **ALWAYS)
        assert told["code"] == "unauthorized"
        assert "execution_list" in told["hint"]

    def test_outside_of_stackstorm_there_is_nothing_to_compare(
        self, used: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("ST2_ACTION_API_URL", raising=False)
        assert used.ask("reconcile", **ALWAYS)["code"] == "not_configured"
