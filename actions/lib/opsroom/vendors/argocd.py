"""Argo CD: applications, their syncs and how they end, as far as deployments use them.

Everything that changes something must name JSON as its content, also where there is none, or Argo
CD answers 415. With the project in every request a missing application is a 404; without it, it is
the same 403 as a missing right.
"""

from __future__ import annotations

import json
import re
from dataclasses import field
from typing import Any, Dict, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ..config.fields import Fields
from ..errors import Code, Failure, OpsroomError, Refusal
from ..http import vendor
from ..http.content import Unexpected, at, list_at, object_at, text_at
from ..http.options import read_url, read_verify
from ..http.response import Response
from ..http.vendor import Subject
from ..structs import dataclass
from ..structs.patterns import lazy_pattern

# Seconds for one request: a refresh makes Argo CD look at the repository.
TIME_LIMIT = 20.0
_NAME = lazy_pattern(r"^[a-z0-9{][a-z0-9.{}_-]{0,252}\Z", re.IGNORECASE)
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Access:
    """`url` of Argo CD and a token; `verify` as for `HttpClient`."""

    url: str
    token: str = field(repr=False)
    verify: str = ""


@dataclass(frozen=True)
class Place:
    """An application of Argo CD; `namespace` is empty where it is in Argo CD's own."""

    application: str
    project: str
    namespace: str = ""

    @property
    def query(self) -> Dict[str, str]:
        """The parameters that every request has."""
        more = {"appNamespace": self.namespace} if self.namespace else {}
        return {"project": self.project, **more}


def read_access(fields: Fields) -> Access:
    """Where Argo CD is, and as whom it is asked.

    - `url`: the address of Argo CD.
    - `token` (text): a token of an account or project role that may `get` and `sync` the
      application, and `update` it with `mode: target`; to ask for a version, `get` is enough.
    """
    return Access(
        url=read_url(fields),
        token=fields.secret("token", expected="a token of Argo CD"),
        verify=read_verify(fields),
    )


def read_place(fields: Fields) -> Place:
    """Which application it is; a template.

    - `application` (text): the name of the application in Argo CD.
    - `project` (text): the project of the application.
    - `app_namespace` (text; default Argo CD's own): the namespace of the application, where Argo CD
      allows any.
    """
    expected = "the name of an application of Argo CD"
    return Place(
        application=fields.text("application", "{app}-{environment}", (), _NAME, expected),
        project=fields.text("project", "default", (), _NAME, "the name of a project of Argo CD"),
        namespace=fields.text("app_namespace", "", (), _NAME, "the name of a namespace"),
    )


@dataclass(frozen=True)
class Operation:
    """A sync, asked for or done.

    `phase` is empty while Argo CD has not begun with it, else Running, Terminating, Succeeded,
    Failed or Error. `wanted` is the revision that was asked for, `revision` what it became.
    `started` and `finished` are moments as Argo CD writes them: a sync that failed and is tried
    again is Running although it has a time of its end.
    """

    phase: str = ""
    mark: str = ""
    wanted: str = ""
    revision: str = ""
    message: str = ""
    retries: int = 0
    started: str = ""
    finished: str = ""
    by: str = ""


@dataclass(frozen=True)
class Deployed:
    """An entry of the history: what was synced."""

    id: int
    revision: str
    target: str


@dataclass(frozen=True)
class Application:
    """An application as Argo CD shows it. `waiting` is the operation that it has not begun with."""

    targets: Tuple[str, ...]
    many: bool
    automated: bool
    sync: str = ""
    revision: str = ""
    health: str = ""
    health_text: str = ""
    operation: Optional[Operation] = None
    waiting: Optional[Operation] = None
    history: Tuple[Deployed, ...] = ()


class Client(vendor.Client):
    """One user's view of Argo CD. `key` is where the config has it, `mark` the name of the info by
    which an operation is recognised."""

    service = "Argo CD"
    max_bytes = 20_000_000

    def __init__(self, access: Access, place: Place, key: str, mark: str, source: int = 0) -> None:
        super().__init__(
            key,
            access.url,
            time_limit=TIME_LIMIT,
            verify=access.verify,
            headers={"Authorization": f"Bearer {access.token}"},
            secrets=(access.token,),
        )
        self._place = place
        self._mark = mark
        self._source = source
        self._path = f"/api/v1/applications/{quote(place.application, safe='')}"
        self._about = Subject("application", place.application)

    def application(self, refresh: bool = False) -> Application:
        """The application. `refresh`: compared with the repository anew, since its status lags
        behind when a sync has ended."""
        self.begin()
        query = {**self._place.query, **({"refresh": "normal"} if refresh else {})}
        response = self.send("GET", self._path, self._about, params=query)
        return self.read(response, lambda found: _application(found, self._mark, self._source))

    def windows(self) -> List[str]:
        """The sync windows that keep people from syncing now, as Argo CD names their schedules."""
        self.begin()
        response = self.send(
            "GET", f"{self._path}/syncwindows", self._about, params=self._place.query
        )
        content = response.content()
        if at(content, "canSync") is not False:
            return []
        active = list_at(content, "activeWindows") or list_at(content, "assignedWindows")
        return [
            f"{text_at(one, 'kind')} {text_at(one, 'schedule')} for {text_at(one, 'duration')}"
            for one in active
        ]

    def set_target(self, path: str, revision: str) -> None:
        """Set the target revision for good, at a path of the application's specification."""
        # What is there is replaced; an application that follows HEAD has nothing there.
        patch = [{"op": "add", "path": path, "value": revision}]
        body = {"patch": json.dumps(patch), "patchType": "json"}
        # Setting the same again changes nothing more.
        self._change("PATCH", self._path, body, idempotent=True)

    def start_sync(self, mark: str, revision: str, prune: bool, position: int) -> None:
        """Ask for a sync: to a revision, or to the target revision where it is empty."""
        body: Dict[str, Any] = {"infos": [{"name": self._mark, "value": mark}], "prune": prune}
        if revision and position:
            body.update(revisions=[revision], sourcePositions=[str(position)])
        elif revision:
            body["revision"] = revision
        self._change("POST", f"{self._path}/sync", body)

    def start_rollback(self, id: int, prune: bool) -> None:
        """Ask for what an entry of the history has."""
        self._change("POST", f"{self._path}/rollback", {"id": id, "prune": prune})

    def terminate(self) -> bool:
        """Ask for the end of the operation. False where Argo CD says that there is none, also for a
        moment after one was asked for."""
        self.begin()
        response = self.request(
            "DELETE",
            f"{self._path}/operation",
            params=self._place.query,
            headers=_JSON,
            idempotent=True,
        )
        if response.ok:
            return True
        if response.status == 400 and "no operation is in progress" in self.words(response).lower():
            return False
        raise self.error(response, self._about)

    def _change(
        self, method: str, path: str, body: Mapping[str, Any], idempotent: bool = False
    ) -> Response:
        self.begin()
        return self.send(
            method,
            path,
            self._about,
            json={**self._place.query, "name": self._place.application, **body},
            idempotent=idempotent,
        )

    def error(self, response: Response, about: Subject) -> OpsroomError:
        """What an error of Argo CD means; it explains itself in `message`."""
        status, words, facts = response.status, self.words(response), response.facts
        lower = words.lower()
        if status not in (401, 403) and not isinstance(response.content(), Mapping):
            return self.not_the_api(response)
        if status == 401:
            message = "Argo CD does not accept the token (401); it may have expired."
            hint = f"Make a new one and put it into {self.key}.token."
            return Failure(Code.UNAUTHORIZED, message, hint, facts)
        if "sync window" in lower:
            message = f"A sync window of Argo CD blocks {about.name} now."
            return Refusal(Code.FROZEN, message, "Try again when it is over.", facts)
        if status == 403:
            message = f"Argo CD does not allow this (403): {words or 'no reason given'}."
            hint = (
                "Rights that are needed: get and sync on the application, update for mode: target, "
                "override to sync another revision than the target where Argo CD wants it."
            )
            return Failure(Code.UNAUTHORIZED, message, hint, facts)
        if status == 404:
            message = (
                f"Argo CD has no application {about.name} in project {self._place.project}, or "
                "does not show it to this token."
            )
            hint = f"An administrator has to check {self.key}.application and {self.key}.project."
            return Refusal(Code.NOT_POSSIBLE, message, hint, facts)
        if "operation is already in progress" in lower:
            message = f"Argo CD is already syncing {about.name}."
            return Refusal(Code.BUSY, message, "Try again when that has ended.", facts)
        if "auto-sync currently set" in lower:
            message = f"Argo CD syncs {about.name} on its own, so it syncs no other revision."
            hint = f"An administrator has to set {self.key}.mode to target, or turn auto-sync off."
            return Refusal(Code.NOT_POSSIBLE, message, hint, facts)
        if "is deleting" in lower or "being deleted" in lower:
            message = f"Argo CD is deleting {about.name}."
            return Refusal(Code.NOT_POSSIBLE, message, facts=facts)
        return super().error(response, about)


def _application(found: Any, mark: str, source: int) -> Application:
    if not isinstance(at(found, "spec"), Mapping):
        raise Unexpected("there is no application")
    many = list_at(found, "spec", "sources")
    sources = many or [object_at(found, "spec", "source")]
    automated = at(found, "spec", "syncPolicy", "automated")
    status = object_at(found, "status")
    state = at(status, "operationState")
    waiting = at(found, "operation")
    return Application(
        targets=tuple(text_at(one, "targetRevision") for one in sources),
        many=bool(many),
        automated=isinstance(automated, Mapping) and automated.get("enabled") is not False,
        sync=text_at(status, "sync", "status"),
        revision=_revision(object_at(status, "sync"), source),
        health=text_at(status, "health", "status"),
        health_text=text_at(status, "health", "message"),
        operation=_state(state, mark, source) if isinstance(state, Mapping) else None,
        waiting=_operation(waiting, mark, source) if isinstance(waiting, Mapping) else None,
        history=tuple(_deployed(one, source) for one in list_at(status, "history")),
    )


def _revision(found: Mapping[str, Any], source: int) -> str:
    """The revision of one source: `revision`, or of several the one in its place."""
    several = list_at(found, "revisions")
    if several and source and source <= len(several):
        return str(several[source - 1])
    return text_at(found, "revision")


def _wanted(sync: Mapping[str, Any]) -> str:
    several = list_at(sync, "revisions")
    return str(several[0]) if len(several) == 1 else text_at(sync, "revision")


def _operation(found: Mapping[str, Any], mark: str, source: int) -> Operation:
    marks = [
        text_at(one, "value") for one in list_at(found, "info") if text_at(one, "name") == mark
    ]
    return Operation(
        mark=marks[0] if marks else "",
        wanted=_wanted(object_at(found, "sync")),
        by=text_at(found, "initiatedBy", "username"),
    )


def _state(found: Mapping[str, Any], mark: str, source: int) -> Operation:
    operation = _operation(object_at(found, "operation"), mark, source)
    retries = found.get("retryCount")
    return Operation(
        phase=text_at(found, "phase") or "Running",
        mark=operation.mark,
        wanted=operation.wanted,
        revision=_revision(object_at(found, "syncResult"), source),
        message=text_at(found, "message"),
        retries=int(retries) if isinstance(retries, (int, str)) and str(retries).isdigit() else 0,
        started=text_at(found, "startedAt"),
        finished=text_at(found, "finishedAt"),
        by=operation.by,
    )


def _deployed(found: Any, source: int) -> Deployed:
    several = list_at(found, "sources")
    one = several[source - 1] if several and 0 < source <= len(several) else at(found, "source")
    id = at(found, "id")
    return Deployed(
        id=int(id) if isinstance(id, (int, str)) and str(id).isdigit() else 0,
        revision=_revision(found if isinstance(found, Mapping) else {}, source),
        target=text_at(one, "targetRevision"),
    )
