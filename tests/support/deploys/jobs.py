"""A job as a deployer sees it: keeps what was said, and stops when a test says so."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Union

from opsroom.errors import Code, Failure, OpsroomError
from opsroom.versions import Running


class Notes:
    """`notes.lines` is what was said; `on_check` and `on_note` are called in between."""

    def __init__(
        self,
        on_check: Optional[Callable[[], None]] = None,
        on_note: Optional[Callable[[str], None]] = None,
    ) -> None:
        self.lines: List[str] = []
        self.deployment = "d1"
        self.requester = "alice"
        self.before = ""
        self.verify_for = 10.0
        # What the application reports, one after another, the last again and again; none: nobody
        # is asked.
        self.reports: List[Union[Running, OpsroomError]] = []
        self.handles: Dict[str, str] = {}
        self.links: List[str] = []
        self.checks = 0
        self._on_check = on_check
        self._on_note = on_note

    def running(self) -> Optional[Running]:
        if not self.reports:
            return None
        found = self.reports.pop(0) if len(self.reports) > 1 else self.reports[0]
        if isinstance(found, OpsroomError):
            raise found
        return found

    def keep(self, name: str, value: str) -> None:
        self.handles[name] = value

    def kept(self, name: str) -> str:
        return self.handles.get(name, "")

    def note(self, line: str) -> None:
        self.lines.append(line)
        if self._on_note is not None:
            self._on_note(line)

    def link(self, address: str) -> None:
        self.links.append(address)

    def check(self) -> None:
        self.checks += 1
        if self._on_check is not None:
            self._on_check()


def lost() -> None:
    """A check that says that the claim is lost."""
    raise Failure(Code.CLAIM_LOST, "Someone else is at it.")


def cancelled() -> None:
    """A check that says that someone cancelled the deployment."""
    raise Failure(Code.CANCELLED, "carol cancelled it.")
