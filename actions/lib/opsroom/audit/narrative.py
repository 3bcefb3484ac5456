"""One change from its records: who asked, who agreed, what was done, and the outcome.
Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..errors import Code
from ..records.ledger import Record
from ..records.model import Event
from .model import Change, Ending, Word

# Commands about a change, a lock, a card, a page, an incident or the room, and drift that was
# noted: no attempts to change what runs, however they end.
_CARDS = ("create", "comment", "move", "assign")
_PAGES = ("page", "ack", "resolve", "escalate", "add", "watch")
_INCIDENTS = ("declare", "close")
_ROOMS = ("quiet", "loud")
_CHANGES = (
    "approve",
    "reject",
    "confirm",
    "review",
    "withdraw",
    "cancel",
    "lock",
    "unlock",
    "hold",
    "release",
)
_ABOUT = (*_CARDS, *_PAGES, *_INCIDENTS, *_ROOMS, *_CHANGES, "drift")
_ENDS = {
    Event.SUCCEEDED: Ending.SUCCEEDED,
    Event.FAILED: Ending.FAILED,
    Event.INTERRUPTED: Ending.INTERRUPTED,
    Event.CANCELLED: Ending.CANCELLED,
    Event.REJECTED: Ending.REJECTED,
    Event.EXPIRED: Ending.EXPIRED,
}
_UNKNOWN = "unknown"


def change_of(records: Sequence[Record]) -> Optional[Change]:
    """The change that these records, all those of one deployment, describe; None where they
    describe something else."""
    story = _Story(records)
    if story.events <= {Event.LOCKED, Event.UNLOCKED} or (
        story.about and not story.events & _DOING
    ):
        return None
    return story.change()


def runs_after(change: Change) -> str:
    """The version that runs when a change has ended, as far as the record knows; empty where it
    does not."""
    if change.ending is Ending.SUCCEEDED:
        return change.version
    return change.running or ""


_DOING = {
    Event.WAITING,
    Event.OVERRIDDEN,
    Event.STARTED,
    Event.SUCCEEDED,
    Event.INTERRUPTED,
    Event.CANCELLED,
}


class _Story:
    """Goes through the records of one deployment in order and keeps what each adds."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records
        self.events = {record.event for record in records}
        self.command = records[0].command
        self.about = self.command.replace("_", " ").split(" ")[0] in _ABOUT
        self.ending = Ending.UNKNOWN
        self.kept: Dict[str, Any] = {}
        self.approvals: List[Word] = []
        self.refusals: List[Word] = []
        self.starts = self.ends = 0
        for record in records:
            self._add(record)

    def change(self) -> Change:
        """All of it."""
        first = self.records[0]
        asked = next((one for one in self.records if one.event is Event.ASKED), first)
        # The first record has names as they were typed; later ones as the config has them.
        place = next((one for one in reversed(self.records) if self._own(one) and one.app), first)
        return Change(
            deployment=first.deployment,
            command=self.command,
            app=place.app,
            environment=place.environment,
            first_at=first.at,
            records=tuple(one.seq for one in self.records),
            ending=self.ending,
            change=self._fact("change"),
            asked_by=asked.requester,
            person=asked.person,
            chat_name=asked.chat_name,
            vouched_by=_vouched_by(asked),
            st2_user=asked.st2_user,
            room=asked.room,
            asked_at=asked.at if asked.event is Event.ASKED else None,
            starts=self.starts,
            ends=self.ends,
            version_before=self._last("version_before"),
            version=self._last("version"),
            commit_before=self._fact("commit_before"),
            commit=self._fact("commit"),
            cards=_texts(self._facts("cards")),
            commits=_whole(self._newest("commits")),
            commit_authors=_list(self._newest("commit_authors")),
            commit_subjects=_list(self._newest("commit_subjects")),
            goes_back=self._newest("goes_back") is True,
            compare=str(self._newest("compare") or ""),
            link=str(self._newest("link") or ""),
            together=str(self._newest("set") or ""),
            approvals=tuple(self.approvals),
            refusals=tuple(self.refusals),
            verified=next(
                (one for one in reversed(self._facts("verified")) if isinstance(one, bool)), None
            ),
            running=self._running(),
            execution_ids=tuple(
                dict.fromkeys(one.execution_id for one in self.records if one.execution_id)
            ),
            **self.kept,
        )

    def _add(self, record: Record) -> None:
        event, keep = record.event, self.kept
        if event is Event.WAITING:
            self.ending = Ending.WAITING
            plan = str(record.facts.get("plan") or record.message)
            keep.update(plan=plan, needed=_whole(record.facts.get("needed")))
        elif event is Event.APPROVED:
            self.approvals.append(_word(record))
        elif event is Event.CONFIRMED:
            keep["confirmation"] = _word(record)
        elif event is Event.OVERRIDDEN:
            passed = record.facts.get("passed")
            reason = str(record.facts.get("reason") or record.message)
            keep["override"] = _word(record, reason, passed if isinstance(passed, list) else [])
        elif event is Event.CANCEL_ASKED:
            keep["cancellation"] = _word(record)
        elif event is Event.REVIEWED:
            keep["review"] = _word(record)
        elif event is Event.STARTED:
            self.starts += 1
            self.ending = Ending.RUNNING
            keep.setdefault("started_at", record.at)
            keep.setdefault("started_record", record.seq)
        elif event is Event.REFUSED:
            self._refused(record)
        elif event in _ENDS:
            self._ended(record)

    def _refused(self, record: Record) -> None:
        self.refusals.append(_word(record))
        # While it waits, a refusal of someone's approval, or of an approved change whose time had
        # not come, ends nothing. Nor does one of another command about a change that is long over.
        if self.ending is Ending.UNKNOWN and self._own(record):
            self.ends += 1
            unchanged = record.code == Code.ALREADY_THERE.value
            self.ending = Ending.UNCHANGED if unchanged else Ending.REFUSED
            self.kept.update(
                ended_at=record.at, code=record.code, message=record.message, seconds=record.seconds
            )

    def _ended(self, record: Record) -> None:
        if record.event is Event.REJECTED:
            self.kept["rejection"] = _word(record, str(record.facts.get("reason") or ""))
        self.ends += 1
        self.ending = _ENDS[record.event]
        self.kept.update(
            ended_at=record.at, code=record.code, message=record.message, seconds=record.seconds
        )

    def _own(self, record: Record) -> bool:
        """Whether a record is of the request itself, and not of what others said about it."""
        return record.command == self.command

    def _facts(self, name: str) -> List[Any]:
        return [one.facts[name] for one in self.records if name in one.facts]

    def _newest(self, name: str) -> Any:
        """A fact as the newest record has it: an approved change is looked at again when it is
        executed."""
        return next(iter(reversed(self._facts(name))), None)

    def _fact(self, name: str) -> str:
        return next((str(one) for one in self._facts(name) if one), "")

    def _last(self, name: str) -> str:
        """The newest text of that name in the request's own records."""
        return next(
            (
                getattr(one, name)
                for one in reversed(self.records)
                if self._own(one) and getattr(one, name)
            ),
            "",
        )

    def _running(self) -> Optional[str]:
        running = [one for one in self._facts("running") if isinstance(one, str)]
        return running[-1] if running and running[-1] != _UNKNOWN else None


def _word(record: Record, text: str = "", passed: Sequence[Any] = ()) -> Word:
    return Word(
        by=record.requester,
        at=record.at,
        record=record.seq,
        person=record.person,
        chat_name=record.chat_name,
        vouched_by=_vouched_by(record),
        st2_user=record.st2_user,
        room=record.room,
        execution_id=record.execution_id,
        text=text or record.message,
        second_factor=bool(record.facts.get("second_factor")),
        passed=tuple(str(one) for one in passed),
    )


def _vouched_by(record: Record) -> str:
    return str(record.facts.get("vouched_by") or "")


def _texts(found: Sequence[Any]) -> Tuple[str, ...]:
    """The texts in facts that hold a text or a list of them, each once, in order."""
    every: List[Any] = []
    for one in found:
        every += one if isinstance(one, list) else [one]
    return tuple(dict.fromkeys(str(one) for one in every if one))


def _list(value: Any) -> Tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
