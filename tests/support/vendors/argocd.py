"""Argo CD as far as opsroom uses it: one application in memory, whose syncs go through the phases
that a test says."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List

from support.contracts.vendor import Vendor, answer, body_of
from support.servers.http import Reply, Request

TOKEN = "eyJhbGciOi5ecretT0ken"
NAME = "web-uat"


class ArgoCD:
    """`argo = ArgoCD(); with argo.vendor() as vendor: ...`.

    Each look at an operation finds the next of `phases`, the last again and again; each look at
    the application after it the next of `healths`. `commits` maps tags to commits.
    """

    def __init__(self, now: Callable[[], float] = lambda: 1_790_000_000.0) -> None:
        self.now = now
        self.commits = {f"v1.{minor}.0": f"{minor}" * 40 for minor in range(10)}
        self.spec: Dict[str, Any] = {
            "source": {"repoURL": "https://git.example.com/web", "targetRevision": "v1.9.0"},
            "syncPolicy": {},
        }
        self.status: Dict[str, Any] = {
            "sync": {"status": "Synced", "revision": self.commits["v1.9.0"]},
            "health": {"status": "Healthy"},
            "history": [],
        }
        self.phases: List[str] = ["", "Running", "Succeeded"]
        self.healths: List[str] = ["Progressing", "Healthy"]
        self.message = "one or more objects failed to apply"
        self.operation: Dict[str, Any] = {}
        self.syncs: List[Dict[str, Any]] = []
        self.patches: List[Any] = []
        self.refreshes = 0
        self.window = ""
        self.missing_right = False
        self.expired = False
        self.deleting = False
        self.must_wait_to_terminate = 0
        self.terminates = True

    def vendor(self) -> Vendor:
        """The server."""
        return Vendor("argocd", self.handle)

    def automated(self, **values: Any) -> None:
        """Have it sync on its own."""
        self.spec["syncPolicy"]["automated"] = values

    def begun(self, mark: str, revision: str = "v1.0.0", by: str = "opsroom") -> None:
        """An operation that someone asked for."""
        info = [{"name": "opsroom", "value": mark}] if mark else []
        self._begin({"revision": self._resolved(revision)}, info, by)

    def finish(self, phase: str = "Succeeded") -> None:
        """End the operation at the next look at it."""
        self._left = [phase]

    def _resolved(self, revision: str) -> str:
        return self.commits.get(revision, revision)

    def _begin(self, sync: Dict[str, Any], info: List[Any], by: str = "opsroom") -> None:
        self.operation = {"sync": sync, "info": info, "initiatedBy": {"username": by}}
        self.status.pop("operationState", None)
        self._left = list(self.phases)

    def _advance(self) -> None:
        """The next phase of the operation, then the next health."""
        state = self.status.get("operationState")
        if self.operation:
            phase = self._left[0] if len(self._left) == 1 else self._left.pop(0)
            if not phase:
                return
            moment = datetime.fromtimestamp(self.now(), timezone.utc).isoformat()
            state = state or {"operation": self.operation, "startedAt": moment}
            state.update(phase=phase, message="applying", retryCount=0)
            self.status["operationState"] = state
            if phase == "Failed again":
                # A failed one that is tried again runs, and has the time of its end.
                state.update(phase="Running", finishedAt=moment, retryCount=1)
            if phase in ("Succeeded", "Failed", "Error"):
                state.update(finishedAt=moment, message=self.message)
                self._ended(state, phase)
        elif state and state["phase"] == "Succeeded" and len(self.healths) > 1:
            self.status["health"] = {"status": self.healths.pop(0)}
        elif state and state["phase"] == "Succeeded":
            self.status["health"] = {"status": self.healths[0], "message": "see its pods"}

    def _ended(self, state: Dict[str, Any], phase: str) -> None:
        sync = self.operation["sync"]
        revision = sync.get("revision") or (sync.get("revisions") or [""])[0]
        state["syncResult"] = {"revision": revision}
        self.operation = {}
        if phase != "Succeeded":
            return
        source = copy.deepcopy(self.spec.get("source") or {})
        history = self.status["history"]
        history.append({"id": len(history), "revision": revision, "source": source})
        # Compared with the repository only at the next refresh.
        self.status["sync"] = {"status": "OutOfSync", "revision": revision}
        self.status["health"] = {"status": "Progressing"}

    # Answers.

    def handle(self, request: Request) -> Reply:
        """What Argo CD answers."""
        if request.method != "GET" and request.headers.get("content-type") != "application/json":
            return Reply(415, "Invalid content type")
        if request.headers.get("authorization") != f"Bearer {TOKEN}" or self.expired:
            return _error(401, 16, "invalid session: token is expired")
        body = body_of(request) if request.method in ("POST", "PATCH") else {}
        project = body.get("project") or request.query.get("project", [""])[0]
        if project != "default" or request.path.split("/")[4] != NAME:
            return _error(404, 5, f'applications.argoproj.io "{NAME}" not found')
        if self.missing_right and request.method != "GET":
            return _error(403, 7, "permission denied: applications, sync, default/web-uat")
        return self._do(request.method, request.path.split("/")[5:], body, request)

    def _do(self, method: str, rest: List[str], body: Dict[str, Any], request: Request) -> Reply:
        if method == "GET" and not rest:
            self._advance()
            if request.query.get("refresh"):
                self._refresh()
            return self._shown()
        if rest == ["syncwindows"]:
            active = [{"kind": "deny", "schedule": "0 22 * * *", "duration": "8h"}]
            blocked = bool(self.window)
            return answer({"canSync": not blocked, "activeWindows": active if blocked else []})
        if method == "PATCH":
            [change] = json.loads(body["patch"])
            self.patches.append(change)
            *path, last = change["path"].strip("/").split("/")[1:]
            place: Any = self.spec
            for step in path:
                place = place[int(step)] if isinstance(place, list) else place[step]
            if change["op"] == "replace" and last not in place:
                message = f"replace operation does not apply: doc is missing key: {change['path']}"
                return _error(400, 3, message)
            place[last] = change["value"]
            return self._shown()
        if rest == ["operation"]:
            return self._terminate()
        return self._sync(rest[0], body)

    def _refresh(self) -> None:
        self.refreshes += 1
        targets = [one["targetRevision"] for one in self._sources()]
        revision = self.status["sync"].get("revision")
        same = revision in [self._resolved(one) for one in targets]
        self.status["sync"]["status"] = "Synced" if same else "OutOfSync"

    def _sources(self) -> List[Dict[str, Any]]:
        return self.spec.get("sources") or [self.spec["source"]]

    def _sync(self, what: str, body: Dict[str, Any]) -> Reply:
        automated = self.spec["syncPolicy"].get("automated")
        is_on = automated is not None and automated.get("enabled") is not False
        wanted = body.get("revision") or (body.get("revisions") or [""])[0]
        target = self._sources()[0]["targetRevision"]
        if self.window:
            return _error(403, 7, "cannot sync: blocked by sync window")
        if self.deleting:
            return _error(400, 9, "application is deleting")
        if what == "rollback" and is_on:
            return _error(400, 9, "rollback cannot be initiated when auto-sync is enabled")
        if wanted and is_on and wanted != target:
            return _error(400, 9, f"Cannot sync to {wanted}: auto-sync currently set to {target}")
        if self.operation:
            return _error(400, 9, "another operation is already in progress")
        self.syncs.append({"what": what, **body})
        if what == "rollback":
            known = {one["id"]: one for one in self.status["history"]}
            if body["id"] not in known:
                return _error(400, 3, f"application web-uat does not have deployment {body['id']}")
            self._begin({"revision": known[body["id"]]["revision"]}, [])
            return self._shown()
        revision = self._resolved(wanted or target)
        several = {"revisions": [revision]} if body.get("revisions") else {"revision": revision}
        self._begin(several, body["infos"])
        return self._shown()

    def _terminate(self) -> Reply:
        if self.must_wait_to_terminate or not self.status.get("operationState"):
            self.must_wait_to_terminate = max(self.must_wait_to_terminate - 1, 0)
            self._advance()
            text = "Unable to terminate operation. No operation is in progress"
            return _error(400, 3, text)
        if self.terminates:
            self.message = "Operation terminated"
            self._left = ["Terminating", "Failed"]
        return answer({})

    def _shown(self) -> Reply:
        shown = {"metadata": {"name": NAME}, "spec": self.spec, "status": self.status}
        return answer({**shown, "operation": self.operation} if self.operation else shown)


def _error(status: int, code: int, text: str) -> Reply:
    return answer({"error": text, "code": code, "message": text}, status)
