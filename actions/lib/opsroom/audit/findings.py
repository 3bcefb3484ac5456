"""What is missing in the record, and which changes did not follow the rules. Pure decisions."""

from __future__ import annotations

from typing import Collection, Dict, Iterable, Iterator, Mapping, Tuple

from ..records.chain import ChainReport
from ..text import when
from ..versions import Running, distinct_names, same
from .model import Change, Ending, ExceptionKind, Finding, GapKind, Word
from .narrative import runs_after


def gaps(
    chain: ChainReport,
    unreadable: Iterable[int],
    changes: Iterable[Change],
    attempts: Iterable[Change],
    before: Mapping[Tuple[str, str], str],
    live: Collection[str] = (),
    restored: Iterable[Tuple[int, str]] = (),
    since: str = "",
) -> Tuple[Finding, ...]:
    """Every reason why the record of a period cannot be called complete; empty when there is none.

    `before` is what ran on each place before its first change here, empty where that is not known.
    `live` are the deployments that hold a claim: what is running has no end yet. `restored` are
    numbers and sentences of the records that say that the database is a backup. `since` is when the
    period begins, as records are dated.
    """
    changes = list(changes)
    return (
        *_broken(chain),
        *_archived(chain, since),
        *(
            _finding(
                GapKind.UNREADABLE,
                f"Record {seq} cannot be read: opsroom did not write it.",
                (seq,),
            )
            for seq in unreadable
        ),
        *(
            _finding(GapKind.RESTORED, f"Record {seq}: {message}", (seq,))
            for seq, message in restored
        ),
        *(found for one in [*changes, *attempts] for found in _story(one, live)),
        *_joins(changes, before),
    )


def exceptions(changes: Iterable[Change]) -> Tuple[Finding, ...]:
    """Every change that was carried out in another way than the rules want, in the order of the
    changes."""
    return tuple(found for change in changes for found in _exceptions(change))


def _broken(chain: ChainReport) -> Iterator[Finding]:
    for found in chain.breaks:
        yield _finding(GapKind.CHAIN_BROKEN, found.message, (found.seq,))
    if chain.broken > len(chain.breaks):
        more = chain.broken - len(chain.breaks)
        yield _finding(GapKind.CHAIN_BROKEN, f"The chain is broken in {more} more places.", ())


def _archived(chain: ChainReport, since: str) -> Iterator[Finding]:
    """What was archived of the period: of it only what commands still need is in the database."""
    archive = chain.archive
    if archive is not None and since <= archive.until:
        message = (
            f"{archive.text}; of what was before, this report has only what stayed. "
            "python -m opsroom.archive load makes it readable."
        )
        yield _finding(GapKind.ARCHIVED, message, (archive.record,))


def _story(change: Change, live: Collection[str]) -> Iterator[Finding]:
    """What the records of one change should have and do not."""
    what = f"{_named(change)}, asked by {change.asked_by or 'nobody known'}"
    if change.ending in (Ending.RUNNING, Ending.UNKNOWN) and change.deployment not in live:
        if change.starts:
            message = "was started, has no end and is not running: its outcome was not recorded."
        else:
            message = (
                "has neither a start nor an end: it is not over, or its runner was lost "
                "before it touched anything."
            )
        yield _of(GapKind.NO_END, change, f"{what}, {message}")
    if change.asked_at is None:
        yield _of(
            GapKind.NOT_ASKED,
            change,
            f"{_named(change)} has no record of who asked for it, and when.",
        )
    if change.ending is Ending.SUCCEEDED and not change.starts:
        yield _of(GapKind.NOT_STARTED, change, f"{what}, has an end but no start.")
    if change.starts > 1:
        yield _of(GapKind.STARTED_TWICE, change, f"{what}, was started {change.starts} times.")


def _joins(changes: Iterable[Change], before: Mapping[Tuple[str, str], str]) -> Iterator[Finding]:
    """Where what a change found is not what the change before it had left: someone else changed
    it."""
    left: Dict[Tuple[str, str], Running] = {
        place: Running(version) for place, version in before.items()
    }
    who: Dict[Tuple[str, str], str] = {}
    for change in changes:
        place = (change.app, change.environment)
        known, found = (
            left.get(place, Running("")),
            Running(change.version_before, change.commit_before),
        )
        if known.version and found.version and not same(known, found):
            was, then = distinct_names(known, found)
            after = f"after {who[place]}" if place in who else "before this period"
            message = (
                f"{change.place} ran {was} {after}, but {then} when {change.asked_by} began at "
                f"{when(change.at, change.at.replace(year=1))}: it was changed outside of "
                "opsroom in between."
            )
            yield _of(GapKind.CHANGED_OUTSIDE, change, message)
        left[place] = Running(
            runs_after(change), change.commit if change.ending is Ending.SUCCEEDED else ""
        )
        who[place] = f"the {change.command} by {change.asked_by}"


def _exceptions(change: Change) -> Iterator[Finding]:
    different = {_key(one) for one in change.approvals}
    own = [one for one in change.approvals if _same(one, change)]
    if own:
        message = f"{_named(change)} was approved by {own[0].by}, who had asked for it."
        yield _of(ExceptionKind.OWN_APPROVAL, change, message)
    others = len(different - {_key(one) for one in own})
    if change.override is None and others < change.needed:
        message = f"{_named(change)} was deployed with {others} of {change.needed} approvals."
        yield _of(ExceptionKind.NOT_APPROVED, change, message)
    if change.override is not None:
        yield from _override(change, change.override)


def _override(change: Change, override: Word) -> Iterator[Finding]:
    if change.review is None:
        message = (
            f"{_named(change)} was an emergency by {override.by} ({override.text}); nobody "
            "has reviewed it."
        )
        yield _of(ExceptionKind.OVERRIDE_NOT_REVIEWED, change, message)
    elif _same(change.review, change):
        message = (
            f"{_named(change)} was an emergency by {override.by}, reviewed by the same person."
        )
        yield _of(ExceptionKind.OWN_REVIEW, change, message)


def _same(word: Word, change: Change) -> bool:
    """Whether who said it is who asked: the same person, or where nobody is known, the same
    name."""
    if word.person or change.person:
        return word.person == change.person
    return (word.st2_user, word.chat_name, word.by) == (
        change.st2_user,
        change.chat_name,
        change.asked_by,
    )


def _key(word: Word) -> Tuple[str, ...]:
    return (word.person,) if word.person else (word.st2_user, word.chat_name, word.by)


def _named(change: Change) -> str:
    name = f"Change {change.change}" if change.change else f"The {change.command}"
    return (
        f"{name} ({change.app} {change.version or 'in an unknown version'} to {change.environment})"
    )


def _of(kind: object, change: Change, message: str) -> Finding:
    return _finding(kind, message, change.records, change.deployment)


def _finding(kind: object, message: str, records: Tuple[int, ...], deployment: str = "") -> Finding:
    return Finding(getattr(kind, "value", str(kind)), message, deployment, records)
