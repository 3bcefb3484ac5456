"""What checks exchanges with the played vendors: it knows all that a description uses, or refuses
it."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest

from support.contracts.descriptions import description
from support.contracts.operations import Operation, Operations
from support.contracts.second_opinion import is_installed, refused
from support.servers.http import Request


def _described(**operation: Any) -> Dict[str, Any]:
    return {"paths": {"/jobs/{id}": {"post": {"responses": {"200": {}}, **operation}}}}


def _parameter(**known: Any) -> Dict[str, Any]:
    return _described(parameters=[{"name": "a", "in": "query", "schema": {}, **known}])


def _content(kind: str, schema: Any) -> Dict[str, Any]:
    return _described(requestBody={"content": {kind: {"schema": schema}}})


@pytest.mark.parametrize(
    "whole",
    [
        _parameter(style="deepObject"),
        _parameter(schema={"type": "array"}, explode=False),
        _parameter(schema={"type": "string", "format": "ipv6"}),
        _parameter(schema={"type": "array", "prefixItems": [{}]}),
        _content("application/json", {"properties": {"a": {"items": {"minLenght": 1}}}}),
        _content("application/json", {"anyOf": [{"unevaluatedProperties": False}]}),
        _content("application/xml", {}),
        {**_content("application/json", {"$ref": "#/a"}), "a": {"items": {"$ref": "#/a"}}},
        {**_content("application/json", {"$ref": "#/a", "type": "string"}), "a": {}},
    ],
)
def test_what_cannot_be_checked_is_no_description(whole: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        Operation(whole, "/jobs/{id}", "post")


def test_forms_and_parts_of_a_path_are_checked_by_their_types() -> None:
    whole = _content(
        "application/x-www-form-urlencoded",
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {"dry": {"type": "boolean"}, "ref": {"type": "string"}},
        },
    )
    id = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    whole["paths"]["/jobs/{id}"]["parameters"] = [id]
    kind = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}

    def refused(path: str, body: bytes) -> str:
        found = Operations(whole).find("POST", path)
        assert found
        return found[0].refuses(found[1], {}, kind, body)

    assert refused("/jobs/7", b"dry=true&ref=v%202") == ""
    assert "integer" in refused("/jobs/x", b"dry=true")
    assert "boolean" in refused("/jobs/7", b"dry=yes")
    assert "reff" in refused("/jobs/7", b"reff=x")
    assert Operations(whole).find("GET", "/jobs/7") is None


def test_a_field_that_rules_out_another_is_refused_beside_it() -> None:
    schema = {"properties": {"a": {}}, "dependentSchemas": {"a": {"properties": {"b": False}}}}
    operation = Operation(_content("application/json", schema), "/jobs/{id}", "post")

    def refused(value: Any) -> str:
        body = json.dumps(value).encode()
        return operation.refuses({}, {}, {"content-type": "application/json"}, body)

    assert [refused(one) for one in ({"a": 1}, {"b": 1}, [])] == ["", "", ""]
    assert "False schema" in refused({"a": 1, "b": 1})


def test_openapi_core_is_asked_too_and_sees_what_ours_must_see() -> None:
    if not is_installed():
        pytest.skip("openapi-core needs Python 3.10, and not jsonschema 3.2")
    kind = {"content-type": "application/json", "authorization": "Bearer x"}
    path = "/api/v1/applications/web/sync"
    good = {"project": "default", "infos": [{"name": "opsroom", "value": "d1"}]}
    for body, wrong in ((good, False), ({**good, "dryrun": True}, True), ({}, True)):
        request = Request("POST", path, {}, kind, json.dumps(body).encode())
        ours = description("argocd").refuses(request, "")
        assert bool(refused("argocd", request, "", one_in=1)) is bool(ours) is wrong
