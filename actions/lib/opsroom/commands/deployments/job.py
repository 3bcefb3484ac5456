"""A running deployment: its claim is renewed, progress is posted in the room (not at once, not
often, at most a handful of times), and it stops when it must not continue."""

from __future__ import annotations

import json
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Callable, Optional, Type

from ...config.model import Progress
from ...errors import Code, Failure
from ...records.claims import checkpoint, keep_checkpoint, renew
from ...text import message, one_line, span
from ...versions import Running
from .. import Context
from ..live_version import ask
from ..request import Request
from ..resolve import DeploymentTarget


class Reporter:
    """Remembers what is being done and says it now and then.

    The pauses grow (each twice the one before), so that a handful of messages covers minutes and
    hours alike. `note` is called by the thread that deploys, `tick` by the heartbeat.
    """

    def __init__(
        self,
        what: str,
        limits: Progress,
        say: Callable[[str], object],
        live: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._limits = limits
        self._say = say
        self._live = live
        self._clock = clock
        self._began = clock()
        self._next = self._began + limits.after
        self._pause = limits.every
        self._count = 0
        self._line = ""
        self._link = ""
        self._lock = threading.Lock()

    def note(self, line: str) -> None:
        """What is being done now."""
        with self._lock:
            self._line = one_line(line, 160)
        self._live(self._line)

    def link(self, address: str) -> None:
        """Where to watch it, shown with what is being done."""
        with self._lock:
            self._link = one_line(address, 300)

    def tick(self) -> None:
        """Speak when it is time to."""
        with self._lock:
            now = self._clock()
            if self._count >= self._limits.most or now < self._next:
                return
            self._count += 1
            self._next = now + self._pause
            self._pause *= 2
            text = f"{self._what}: {self._line or 'working'} ({span(now - self._began)} so far)"
            if self._link:
                text = f"{text} {self._link}"
        self._say(message(text))


# The pause between two looks at the lease, and what a busy machine may add to it, in seconds.
_BEAT = 0.5
_A_BIT = 1.0
# Beats between two looks at whether someone cancelled it.
_LOOK = 4
# The checkpoint by which a deployment learns that someone cancelled it.
CANCEL = "cancel"


class Termination:
    """Notices SIGTERM, by which StackStorm stops an execution. A context manager, for the main
    thread; in others it notices nothing."""

    def __init__(self) -> None:
        self._noticed = False
        self._previous_handler: Any = None

    def noticed(self) -> bool:
        """Whether this execution was stopped."""
        return self._noticed

    def __enter__(self) -> Termination:
        if threading.current_thread() is threading.main_thread():
            self._previous_handler = signal.signal(signal.SIGTERM, self._on_term)
        return self

    def __exit__(self, *error: object) -> None:
        if self._previous_handler is not None:
            signal.signal(signal.SIGTERM, self._previous_handler)

    def _on_term(self, number: int, frame: Optional[FrameType]) -> None:
        self._noticed = True


class RunningJob:
    """The Job that deploy kinds see, and the heartbeat behind it. A context manager around the
    work.

    The heartbeat uses the connection to the database that the deployment leaves idle, and a second
    one only while the deployment is at the database itself. When the claim was settled by someone
    else, or could not be renewed for as long as the lease lasts, someone else may be deploying by
    now: `check` then raises.
    """

    def __init__(
        self,
        context: Context,
        request: Request,
        target: DeploymentTarget,
        lease: float,
        what: str,
    ) -> None:
        self._context = context
        self._target = target
        # It is open: the claim was taken in it. The heartbeat must not open it again at the end.
        self._store = context.store
        self._request = request
        self._lease = lease
        self._reporter = Reporter(
            what, context.settings.progress, context.room.say, context.room.live
        )
        self._stop = threading.Event()
        self._renewed = time.monotonic()
        # Why it could not be renewed; how long this process stood still since then, in seconds.
        self._failure: Optional[Failure] = None
        self._stood_still = 0.0
        self._lost = False
        self._termination = Termination()
        # Who cancelled it, as people read it.
        self._cancelled_by = ""
        self._step = ""
        self._renewed_step = ""
        self._thread = threading.Thread(target=self._beat, name="opsroom-heartbeat", daemon=True)

    @property
    def deployment(self) -> str:
        """Its id in the record."""
        return self._request.deployment

    @property
    def requester(self) -> str:
        """Who asked, as people read it."""
        return self._request.by.shown

    @property
    def before(self) -> str:
        """The version that was there; empty where none was, and where nobody knows."""
        return self._request.version_before

    @property
    def verify_for(self) -> float:
        """How long the application may take to report a version that was put in place."""
        return self._target.app.verify_for

    def running(self) -> Optional[Running]:
        """What the application reports; None where the config has nobody to ask."""
        return None if self._target.app.version is None else ask(self._target)

    def keep(self, name: str, value: str) -> None:
        """Write down what the next deployment at this place must find when this runner dies."""
        with self._context.store.write() as connection:
            keep_checkpoint(
                self._context.store,
                connection,
                self._request.app,
                self._request.environment,
                name,
                value,
            )

    def kept(self, name: str) -> str:
        """What an earlier deployment at this place wrote down; empty when nothing was."""
        with self._context.store.read() as connection:
            return checkpoint(connection, self._request.app, self._request.environment, name)

    def note(self, line: str) -> None:
        """Say what is being done now."""
        self._reporter.note(line)

    def link(self, address: str) -> None:
        """Where people can watch it: kept in all further records of the request."""
        self._request.noted["link"] = one_line(address, 300)
        self._reporter.link(address)

    def step(self, name: str) -> None:
        """The step that others read about: checking, deploying, verifying."""
        self._step = name

    def check(self) -> None:
        """Raise Failure when this deployment must not go on."""
        if self._cancelled_by:
            by = self._cancelled_by
            raise Failure(Code.CANCELLED, f"{by} cancelled it.", facts={"cancelled_by": by})
        if self._termination.noticed() or self._context.stopped():
            raise Failure(
                Code.INTERRUPTED,
                "StackStorm stopped this execution.",
                "Look at what runs before you go on.",
            )
        if self._lost or time.monotonic() - self._renewed > self._lease:
            text = f"This deployment lost its claim: its lease ran out {self._while()}."
            raise Failure(Code.CLAIM_LOST, text, "Someone else may be deploying there now.")

    def _while(self) -> str:
        """What kept the claim from being renewed."""
        failure, still = self._failure, self._stood_still
        if failure is not None and failure.code is Code.STORE_BUSY:
            return "while the database was busy"
        if failure is not None:
            return "while the database did not answer"
        if still > self._lease / 2:
            return f"while this runner stood still for {span(still)}"
        return "before it was renewed"

    def __enter__(self) -> RunningJob:
        self._termination.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._stop.set()
        # A room that does not answer must not hold up the end of a deployment; the thread is a
        # daemon.
        self._thread.join(timeout=2.0)
        self._termination.__exit__()

    def _beat(self) -> None:
        began = time.monotonic()
        beats = 0
        while not self._stop.wait(_BEAT):
            beats += 1
            # A process that was stopped, or whose machine was, finds that more time went by than it
            # waited.
            self._stood_still += max(time.monotonic() - began - _BEAT - _A_BIT, 0.0)
            # A new step is stored at once: a person who is refused now reads what is being done.
            if (
                self._step != self._renewed_step
                or time.monotonic() - self._renewed > self._lease / 4
            ):
                self._renew()
            if beats % _LOOK == 0:
                self._look_for_cancel()
            self._reporter.tick()
            began = time.monotonic()

    def _look_for_cancel(self) -> None:
        try:
            with self._store.read() as connection:
                found = checkpoint(connection, self._request.app, self._request.environment, CANCEL)
        except Failure:
            return  # asked again; what a database that is away means, the lease says
        order = json.loads(found) if found else {}
        if order.get("deployment") == self._request.deployment:
            self._cancelled_by = str(order["by"])

    def _renew(self) -> None:
        asked, step = time.monotonic(), self._step
        try:
            store = self._store
            with store.write() as connection:
                renewed = renew(store, connection, self._request.deployment, self._lease, step)
        except Failure as failure:
            self._failure = failure
            return
        if renewed:
            self._renewed, self._renewed_step = asked, step
            self._failure, self._stood_still = None, 0.0
        else:
            self._lost = True
