"""Our descriptions of the vendors' operations: what they refuse, and whether the vendors' own say
the same."""

from __future__ import annotations

import copy
import json
from typing import Any, Callable, Dict, Mapping, NamedTuple

import pytest

from support.cases import cases
from support.contracts.comparison import Side, differences, without
from support.contracts.descriptions import (
    CONTRACTS,
    description,
    document,
    operations_of,
    vendors_own,
)
from support.contracts.operations import Operation, resolved
from support.servers.http import Reply, Request


class Theirs(NamedTuple):
    """A vendor's own description: its file, what stands before the paths of ours and of theirs, and
    what may differ."""

    file: str
    before_ours: str = ""
    before_theirs: str = ""
    known: Mapping[str, str] = {}


_VERSION = "documented for every request (API versions); the file leaves it out"
_LISTED = "documented; left out of the trimmed file"
_VERSIONS = {
    f"{method.upper()} {path} header x-github-api-version": _VERSION
    for path, method in operations_of(document("github-deployments"))
}
THEIRS: Dict[str, Theirs] = {
    "argocd": Theirs("argocd.json", known={"PATCH /api/v1/applications/{name}": _LISTED}),
    "basecamp": Theirs(
        "basecamp.json",
        known={
            "GET /{accountId}/projects/recordings.json": "documented under Recordings; left out"
        },
    ),
    "github": Theirs(
        "github-issues.json",
        known={
            "GET /repos/{owner}/{repo}": _LISTED,
            "GET /repos/{owner}/{repo}/issues/comments": _LISTED,
            "GET /repos/{owner}/{repo}/issues/events": _LISTED,
            "GET /repos/{owner}/{repo}/issues header x-github-api-version": _VERSION,
            "POST /repos/{owner}/{repo}/issues header x-github-api-version": _VERSION,
            "GET /repos/{owner}/{repo}/issues/{issue_number} header x-github-api-version": _VERSION,
            "PATCH /repos/{owner}/{repo}/issues/{issue_number} header "
            "x-github-api-version": _VERSION,
            "GET /repos/{owner}/{repo}/issues/{issue_number}/comments header "
            "x-github-api-version": _VERSION,
            "POST /repos/{owner}/{repo}/issues/{issue_number}/comments header "
            "x-github-api-version": _VERSION,
            "POST /repos/{owner}/{repo}/issues/{issue_number}/assignees header "
            "x-github-api-version": _VERSION,
            "DELETE /repos/{owner}/{repo}/issues/{issue_number}/assignees header "
            "x-github-api-version": _VERSION,
            "GET /repos/{owner}/{repo}/assignees header x-github-api-version": _VERSION,
            "GET /search/issues header x-github-api-version": _VERSION,
        },
    ),
    "github-deployments": Theirs("github-deployments.json", known=_VERSIONS),
    "jenkins": Theirs(
        # Written by hand from the documentation: Jenkins has none of its own.
        "jenkins.json",
        known={
            **dict.fromkeys(
                (
                    "GET /job/{job}/api/json answer 200 builds",
                    "POST /job/{job}/buildWithParameters answer 303",
                    "POST /job/{job}/build answer 302",
                    "POST /job/{job}/build answer 303",
                    "GET /queue/api/json",
                    "GET /queue/item/{id}/api/json answer 200 actions",
                    "POST /queue/cancelItem",
                ),
                "as the source of Jenkins 2.579 has it; left out",
            )
        },
    ),
    "jira-cloud-2": Theirs("jira-cloud-v2.json"),
    "jira-cloud-3": Theirs(
        "jira-cloud-v3.strict.json",
        known={
            f"POST /rest/api/3/issue{where} content[] "
            f"{field}": "parts of a document: its own schema has them"
            for where in (" body fields description", "/{issueIdOrKey}/comment body body")
            for field in ("attrs", "content")
        },
    ),
    "jira-datacenter": Theirs(
        "jira-dc-10.3.json",
        before_theirs="/rest",
        known={
            "GET /rest/api/2/issue/createmeta/{projectIdOrKey}/issuetypes answer 200 "
            "values": "a page; untyped there",
            "GET /rest/api/2/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId} answer "
            "200 values": ("a page; untyped there"),
            "GET /rest/api/2/issue/{issueIdOrKey}/transitions query "
            "expand": "documented in the text of the operation",
            "GET /rest/api/2/search query expand": "a list with commas, which the file takes for "
            "an object",
            "GET /rest/api/2/search query fields": "a list with commas, which the file takes for "
            "objects",
            "GET /rest/api/2/user/assignable/search answer 200": "a list, as its example has it",
        },
    ),
    "kubernetes": Theirs(
        "kubernetes.json",
        known={
            f"{method} /api{group}/v1/namespaces/{{namespace}}/{rest}": _LISTED
            for method, group, rest in (
                ("GET", "s/apps", "statefulsets/{name}"),
                ("PATCH", "s/apps", "statefulsets/{name}"),
                ("GET", "s/apps", "daemonsets/{name}"),
                ("PATCH", "s/apps", "daemonsets/{name}"),
                ("GET", "s/apps", "controllerrevisions"),
                ("GET", "", "events"),
            )
        },
    ),
    "opsgenie": Theirs(
        "opsgenie.json",
        known={
            "GET /v2/escalations": _LISTED,
            "GET /v2/teams": _LISTED,
            "POST /v2/alerts/{identifier}/escalate": _LISTED,
            "POST /v2/alerts body responders[] name": "of a team, escalation or schedule, as "
            "documented",
            "POST /v2/alerts body responders[] username": "of a user, as documented",
            "POST /v2/alerts/{identifier}/responders body "
            "responder name": "of an escalation, as documented",
            "POST /v2/alerts/{identifier}/responders body responder "
            "username": "of a user, as documented",
        },
    ),
    "pagerduty-events": Theirs("pagerduty-events-v2.json"),
    "pagerduty-rest": Theirs(
        "pagerduty-rest.json",
        known={
            "GET /incidents query statuses[]": "may be given several times; the file says what "
            "one of them is",
            "GET /services/{id}": _LISTED,
            "POST /incidents body incident body type": "required there, and described nowhere",
            "POST /incidents/{id}/responder_requests body responder_request_targets[] "
            "responder_request_target": ("as the example of the operation has it"),
            "POST /incidents/{id}/responder_requests header from": "documented for what writes",
        },
    ),
    "trello": Theirs(
        "trello.json",
        known={
            "GET /boards/{id} query card_fields": "documented under nested resources",
            "GET /boards/{id} query member_fields": "documented under nested resources",
            "GET /boards/{id}/actions": _LISTED,
            "GET /boards/{id}/cards": _LISTED,
            "GET /cards/{id} query actions_limit": "documented under nested resources",
            "POST /cards/{id}/idMembers": _LISTED,
        },
    ),
    "victorops": Theirs(
        "victorops.json",
        before_ours="/api-public",
        known={
            "GET /v1/incidents answer 200 incidents[] "
            "entityDisplayName": "answered, and not described",
            "GET /v1/incidents answer 200 incidents[] routingKey": "answered, and not described",
            "POST /v1/incidents answer 200 entityId": "answered, and not described",
            "POST /v1/incidents/reroute body reroutes[] "
            "addTargets": "adds to those paged; newer than the file",
        },
    ),
    "victorops-endpoint": Theirs("victorops-rest-endpoint.json"),
}
# GitLab's own has 4 MB and is not kept here; ours was written from GitLab's source. Slack's own
# ends in 2020, and has neither Socket Mode nor the blocks of today.
WITHOUT_ONE = ("gitlab", "slack-web")
NAMES = sorted(path.stem for path in CONTRACTS.glob("*.yaml"))


def test_every_description_of_ours_is_held_against_one_of_a_vendor() -> None:
    assert sorted([*THEIRS, *WITHOUT_ONE]) == NAMES


@pytest.mark.parametrize("name", sorted(THEIRS))
def test_our_description_says_what_the_vendors_says(name: str) -> None:
    file, before_ours, before_theirs, known = THEIRS[name]
    theirs = Side(vendors_own(file), before_theirs)
    assert without(differences(Side(document(name), before_ours), theirs), known) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_description_agrees_with_itself_and_is_sound(name: str) -> None:
    validators = pytest.importorskip(
        "openapi_spec_validator", reason="it needs Python 3.9, and not jsonschema 3.2"
    )
    validators.validate(document(name))
    for path, method in operations_of(document(name)):
        assert Operation(document(name), path, method)
    assert differences(Side(document(name)), Side(document(name))) == {}


@cases("name", NAMES)
def test_what_is_sent_is_closed_so_that_a_misspelt_field_is_refused(name: str) -> None:
    def check(schema: Any, where: str) -> None:
        schema = resolved(whole, schema)
        if "properties" in schema and "allOf" not in schema:
            assert schema.get("additionalProperties") is False, where
        for key, one in schema.get("properties", {}).items():
            check(one, f"{where} {key}")
        for one in (*schema.get("oneOf", ()), *([schema["items"]] if "items" in schema else ())):
            if "allOf" not in one:
                check(one, where)

    whole = document(name)
    for path, method in operations_of(whole):
        body = resolved(whole, whole["paths"][path][method].get("requestBody"))
        for content in body["content"].values() if body else ():
            check(content["schema"], f"{method} {path}")


CARDS = "/cards"


def _body(whole: Dict[str, Any]) -> Dict[str, Any]:
    return whole["paths"][CARDS]["post"]["requestBody"]["content"]["application/json"]["schema"]


def _answered(whole: Dict[str, Any]) -> Dict[str, Any]:
    return whole["components"]["schemas"]["Card"]


@cases(
    ("change", "where"),
    [
        (
            lambda whole: whole["paths"].update({"/tickets": whole["paths"].pop(CARDS)}),
            "POST /cards",
        ),
        (
            lambda whole: whole["paths"][CARDS].update(put=whole["paths"][CARDS].pop("post")),
            "POST /cards",
        ),
        (
            lambda whole: whole["paths"][CARDS]["post"]["parameters"].clear(),
            "POST /cards query idlist",
        ),
        (
            lambda whole: whole["paths"][CARDS]["post"]["parameters"].append(
                {"name": "pos", "in": "query", "required": True, "schema": {"type": "string"}}
            ),
            "POST /cards query pos",
        ),
        (lambda whole: _body(whole)["properties"].pop("desc"), "POST /cards body desc"),
        (
            lambda whole: _body(whole)["properties"]["desc"].update(type="integer"),
            "POST /cards body desc",
        ),
        (
            lambda whole: _body(whole)["properties"]["desc"].update(enum=["a"]),
            "POST /cards body desc",
        ),
        (
            lambda whole: _body(whole)["properties"]["desc"].update(maxLength=10),
            "POST /cards body desc",
        ),
        (lambda whole: _body(whole)["required"].append("due"), "POST /cards body due"),
        (
            lambda whole: _answered(whole)["properties"].pop("shortUrl"),
            "POST /cards answer 200 shortUrl",
        ),
        (
            lambda whole: _answered(whole)["properties"]["name"].update(type="object"),
            "POST /cards answer 200 name",
        ),
        (
            lambda whole: whole["paths"][CARDS]["post"].update(responses={"201": {}}),
            "POST /cards answer 200",
        ),
    ],
)
def test_every_kind_of_difference_is_found(change: Callable[[Any], Any], where: str) -> None:
    theirs = copy.deepcopy(document("trello"))
    change(theirs)
    found = differences(Side(document("trello")), Side(theirs))
    assert where in found
    assert without(found, dict.fromkeys(found, "known")) == []
    assert without({}, {where: "known"}) == [f"{where}: nothing differs there any more"]


def _request(
    method: str, path: str, content: Any = None, query: Any = None, **headers: str
) -> Request:
    body = b"" if content is None else json.dumps(content).encode()
    kind = {} if content is None else {"content-type": "application/json"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        method,
        path,
        {name: [value] for name, value in (query or {}).items()},
        {**kind, **named},
        body,
    )


_LIST = "5abbe4b7ddc1b351ef961414"
_GOOD = {
    "method": "POST",
    "path": "/1/cards",
    "content": {"name": "a", "desc": ""},
    "query": {"idList": _LIST},
}
_REFUSED: Dict[str, Dict[str, Any]] = {
    "another path": {"path": "/1/card"},
    "a path before which something is missing": {"path": "/cards"},
    "another method": {"method": "PUT"},
    "no body": {"content": None},
    "a field too few": {"content": {"name": "a"}},
    "a field too many": {"content": {"name": "a", "desc": "", "descr": ""}},
    "another type": {"content": {"name": "a", "desc": 3}},
    "a text that is too long": {"content": {"name": "a", "desc": "x" * 16385}},
    "a parameter too few": {"query": {}},
    "a parameter too many": {"query": {"idList": _LIST, "idlist": _LIST}},
    "a parameter of another form": {"query": {"idList": "To do"}},
    "a parameter without a value": {"query": {"idList": ""}},
    "a body where there may be none": {"method": "GET", "path": "/1/boards/1/lists", "query": {}},
    "another kind of body": {"content_type": "text/plain"},
    "no credentials": {"authorization": None},
}


@pytest.mark.parametrize("what", _REFUSED)
def test_what_a_vendor_refuses_is_refused(what: str) -> None:
    trello = description("trello")
    good: Dict[str, Any] = {**_GOOD, "authorization": "OAuth x"}
    assert trello.refuses(_request(**good), trello.base) == ""
    bad = {name: value for name, value in {**good, **_REFUSED[what]}.items() if value is not None}
    assert trello.refuses(_request(**bad), trello.base) != ""


@pytest.mark.parametrize(
    ("reply", "accepted"),
    [
        (
            Reply(
                200,
                json.dumps({"id": _LIST, "name": "a", "new": 1}),
                {"Content-Type": "application/json"},
            ),
            True,
        ),
        (Reply(200, json.dumps({"name": "a"}), {"Content-Type": "application/json"}), False),
        (Reply(200, json.dumps({"id": 3}), {"Content-Type": "application/json"}), False),
        (Reply(201, json.dumps({"id": _LIST}), {"Content-Type": "application/json"}), False),
        (Reply(400, "invalid value for idList"), True),
    ],
)
def test_an_answer_that_no_vendor_gives_is_seen(reply: Reply, accepted: bool) -> None:
    trello = description("trello")
    request = _request(**_GOOD, authorization="OAuth x")
    assert (trello.would_not_answer(request, reply, trello.base) == "") is accepted
