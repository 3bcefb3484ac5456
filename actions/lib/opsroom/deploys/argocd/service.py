"""Syncing an application of Argo CD and following the sync, and then its health."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Optional, Tuple

from ...errors import Code, Failure, Refusal
from ...names import check_version
from ...structs.patterns import lazy_pattern
from ...templates import fill
from ...text import one_line
from ...times.iso import moment_of
from ...vendors.argocd import Application, Client, Deployed, Operation, Place
from .. import Deployer, Resolved, Target
from ..remote import Assignment, Run, Service, State, follower
from ..remote.deployer import RemoteDeployer
from .options import Mode, Options

_CHECKPOINT = "argocd"
# The info on an operation that says for which deployment it is.
MARK = "opsroom"
# How long an application may be Degraded after its sync before the deployment has failed: what has
# just begun often is, for a moment. Seconds.
_DEGRADED_FOR = 60.0
_GOING_ON = ("Running", "Terminating")
# How Argo CD begins the message of an operation that was ended; errors may have the word as well.
_TERMINATED = lazy_pattern(r"operation\b.{0,20}\bterminated", re.IGNORECASE)
# How often Argo CD is asked to end an operation that it has not yet begun with.
_TRIES = 5
# A clock of another machine may be so many seconds behind ours.
_SKEW = 120.0


def deployer_of(options: Options, target: Target) -> Deployer:
    """A deployer for one application and environment."""
    service = ArgoService(options, target)
    return ArgoDeployer(service, target, _CHECKPOINT, options.time_limit, service.link)


class ArgoDeployer(RemoteDeployer):
    """A deployer that also knows what Argo CD itself may do to a deployment."""

    def warnings(self, resolved: Resolved) -> Tuple[str, ...]:
        """Auto-sync that stands in the way, and sync windows that are closed now."""
        service = self.service
        assert isinstance(service, ArgoService)
        return service.warnings()


class ArgoService(Service):
    """The id of a run is JSON: the mark of its operation, or for a rollback by the history the
    revision and when it was asked for."""

    name = "Argo CD"
    # The operation stands on the application as soon as it was taken.
    settles = 15.0

    def __init__(self, options: Options, target: Target) -> None:
        names = {"app": target.app, "environment": target.environment}
        place = options.place
        self._options = options
        self._names = names
        self._place = Place(
            *(fill(one, names) for one in (place.application, place.project, place.namespace))
        )
        self._client = Client(
            options.access, self._place, f"apps.{target.app}.deploy", MARK, options.source
        )
        where = f"{self._place.namespace}/" if self._place.namespace else ""
        self.link = f"{options.access.url}/applications/{where}{self._place.application}"
        self._degraded_since: Optional[float] = None

    def warnings(self) -> Tuple[str, ...]:
        """What is in the way of a sync now, in sentences."""
        found = []
        if self._options.mode is Mode.SYNC and self._client.application().automated:
            found.append(
                f"Argo CD syncs {self._place.application} on its own to its target revision, so it "
                "will refuse this; mode: target changes that revision instead."
            )
        windows = self._client.windows()
        if windows:
            shown = one_line("; ".join(windows), 120)
            found.append(f"A sync window of Argo CD keeps people from syncing now ({shown}).")
        return tuple(found)

    def start(self, assignment: Assignment) -> Run:
        """Set the target revision where that is wanted, and sync. Never syncs twice."""
        application = self._client.application()
        self._must_have_source(application)
        revision = self._revision(assignment)
        if self._options.mode is Mode.SYNC:
            entry = self._entry(application, assignment, revision) if assignment.rollback else None
            if entry is not None:
                self._client.start_rollback(entry.id, self._options.prune)
                return self._run({"rollback": entry.revision, "since": assignment.since})
            self._client.start_sync(
                assignment.deployment, revision, self._options.prune, self._options.source
            )
        else:
            self._client.set_target(self._path(application), revision)
            try:
                self._client.start_sync(assignment.deployment, "", self._options.prune, 0)
            except Refusal as refusal:
                if refusal.code is not Code.BUSY:
                    raise self._target_is_set(refusal, revision) from refusal
                # Auto-sync was faster: it brings the same target revision.
                return self._run({"target": revision, "since": assignment.since})
        return self._run({"mark": assignment.deployment})

    def find(self, assignment: Assignment) -> Optional[Run]:
        """The operation with the deployment's mark; a rollback by what it brought and when."""
        application = self._client.application()
        marked = {"mark": assignment.deployment}
        if _is_it(application.waiting, marked) or _is_it(application.operation, marked):
            return self._look(application, marked)
        if assignment.rollback and self._options.mode is Mode.SYNC:
            entry = self._entry(application, assignment, self._revision(assignment))
            wanted = {"rollback": entry.revision, "since": assignment.since} if entry else {}
            if wanted and _is_it(application.operation, wanted):
                return self._look(application, wanted)
        return None

    def look(self, run_id: str) -> Run:
        """The operation, and after it whether the application is as it should be."""
        wanted = json.loads(run_id)
        application = self._client.application()
        operation = application.operation
        if _is_it(operation, wanted) and operation is not None and operation.phase == "Succeeded":
            # Its status lags behind the end of the operation.
            application = self._client.application(refresh=True)
        return self._look(application, wanted)

    def cancel(self, run: Run) -> None:
        """Ask for the end of the operation. What it has applied stays."""
        wanted = json.loads(run.id)
        for attempt in range(_TRIES):
            application = self._client.application()
            operation = application.operation
            going_on = operation is not None and operation.phase in _GOING_ON
            if _is_it(operation, wanted) and not going_on:
                raise Failure(
                    Code.NOT_POSSIBLE,
                    "Its sync has ended, and what it applied stays; roll back instead.",
                )
            ours = _is_it(application.waiting, wanted) or _is_it(operation, wanted)
            if going_on and not ours:
                # Argo CD would end it: it ends whatever is in progress.
                raise Failure(Code.NOT_POSSIBLE, "Argo CD has another sync in its place.")
            if self._client.terminate():
                return
            if attempt + 1 < _TRIES:
                follower.wait(1.0)
        raise Failure(Code.NOT_POSSIBLE, "Argo CD says that no operation is in progress.")

    # What there is to say of an operation.

    def _look(self, application: Application, wanted: Dict[str, Any]) -> Run:
        operation = application.operation
        # What was asked for stands on the application until it has ended, also while it runs.
        waits = _is_it(application.waiting, wanted)
        if operation is None or (waits and not _is_it(operation, wanted)):
            return self._run(wanted, State.QUEUED, "has not begun")
        if not _is_it(operation, wanted):
            by = f", by {one_line(operation.by, 40)}" if operation.by else ""
            raise Failure(
                Code.GONE,
                f"Argo CD has another sync of {self._place.application} in its place{by}.",
                facts={"link": self.link},
            )
        message = one_line(operation.message, 160).rstrip(".")
        if operation.phase in _GOING_ON:
            again = f" (try {operation.retries + 1})" if operation.retries else ""
            doing = "is ending" if operation.phase == "Terminating" else f"is syncing{again}"
            return self._run(wanted, State.RUNNING, f"{doing}: {message}" if message else doing)
        if operation.phase != "Succeeded":
            if _TERMINATED.match(message):
                return self._run(wanted, State.CANCELLED, "what it had applied stays")
            return self._run(wanted, State.FAILED, message or operation.phase.lower())
        return self._synced(application, operation, wanted)

    def _synced(
        self, application: Application, operation: Operation, wanted: Dict[str, Any]
    ) -> Run:
        """The sync has ended, which says nothing of what it brought."""
        health = application.health or "Unknown"
        text = one_line(application.health_text, 120).rstrip(".")
        why = f"{health}: {text}" if text else health
        if self._options.mode is Mode.TARGET and application.sync != "Synced":
            return self._run(wanted, State.RUNNING, f"is {application.sync or 'not compared yet'}")
        if health == "Healthy":
            return self._run(wanted, State.SUCCEEDED, "is Healthy")
        if health == "Suspended":
            return self._run(wanted, State.BLOCKED, f"is synced, and waits for someone: {why}")
        if health != "Degraded":
            self._degraded_since = None
            return self._run(wanted, State.RUNNING, f"is synced and {why}")
        now = follower.clock()
        if self._degraded_since is None:
            self._degraded_since = now
        if now - self._degraded_since >= _DEGRADED_FOR:
            return self._run(wanted, State.FAILED, f"it is synced and {why}")
        return self._run(wanted, State.RUNNING, f"is synced and {why}")

    def _run(
        self,
        wanted: Dict[str, Any],
        state: State = State.QUEUED,
        text: str = "was asked for",
    ) -> Run:
        name = f"the sync of {one_line(self._place.application, 60)}"
        return Run(json.dumps(wanted, sort_keys=True), name, state, text, self.link)

    # What to ask for.

    def _revision(self, assignment: Assignment) -> str:
        version = check_version(assignment.version)
        return fill(self._options.revision, {**self._names, "version": version})

    def _must_have_source(self, application: Application) -> None:
        count, source = len(application.targets), self._options.source
        if application.many and not source:
            raise Refusal(
                Code.NOT_POSSIBLE,
                f"{self._place.application} has {count} sources in Argo CD, and the config does "
                "not say which has the version.",
                f"An administrator adds the key source, from 1 to {count}.",
            )
        if source > (count if application.many else 0):
            raise Refusal(
                Code.NOT_POSSIBLE,
                f"{self._place.application} has no source {source} in Argo CD.",
                f"It has {count}." if application.many else "It has one: remove the key source.",
            )

    def _path(self, application: Application) -> str:
        if application.many:
            return f"/spec/sources/{self._options.source - 1}/targetRevision"
        return "/spec/source/targetRevision"

    def _entry(
        self, application: Application, assignment: Assignment, revision: str
    ) -> Optional[Deployed]:
        """The newest entry of the history that has this version; none while Argo CD syncs on its
        own, when it refuses to go back."""
        if application.automated:
            return None
        wanted = {one for one in (revision, assignment.commit) if one}
        return next(
            (one for one in reversed(application.history) if {one.revision, one.target} & wanted),
            None,
        )

    def _target_is_set(self, refusal: Refusal, revision: str) -> Refusal:
        """The target revision stays although the sync was refused; the next sync brings it."""
        return Refusal(
            refusal.code,
            f"{refusal.message} Its target revision is {revision} now, and the next sync brings "
            "it.",
            refusal.hint,
            refusal.facts,
        )


def _is_it(operation: Optional[Operation], wanted: Dict[str, Any]) -> bool:
    """Whether an operation is the one of a run."""
    if operation is None:
        return False
    if "mark" in wanted:
        return operation.mark == str(wanted["mark"])
    started = moment_of(operation.started)
    in_time = started is not None and started.timestamp() >= float(wanted["since"]) - _SKEW
    if "rollback" in wanted:
        return in_time and wanted["rollback"] in (operation.wanted, operation.revision)
    return in_time


__all__ = ["MARK", "ArgoDeployer", "ArgoService", "deployer_of"]
