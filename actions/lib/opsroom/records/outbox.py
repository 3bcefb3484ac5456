"""Records that could not be written while the database was busy or away: kept in files, recorded by
the next command.

A page that went out and a card that was created exist whatever the database does. Their record is
written to a file first, and each later command takes over the files, oldest first. Such a record
shows that it is late: `facts.recorded_late` has the time at which it happened, by this runner's
clock, and the file's id.

The files are in the private folder of opsroom, for each database in a folder of its own. They are
still text from outside: only records of how something ended are taken over, and only in the exact
form in which opsroom writes them; anything else is set aside under the name `....rejected`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import stat
import time
from contextlib import suppress
from dataclasses import field, fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Sequence, Tuple

from ..db.sql import clean
from ..db.url import Address
from ..errors import Code, Failure
from ..structs import dataclass
from ..structs.patterns import lazy_pattern

if TYPE_CHECKING:
    from ..db.sql import Transaction
    from ..db.store import Store
    from .model import Entry, Event

# No file of opsroom is longer, in bytes; no text in it, in characters.
MAX_BYTES = 65536
MAX_CHARACTERS = 4000
# So many files are taken over by one command; each is a transaction.
AT_ONCE = 50

_ID = lazy_pattern(r"[0-9a-f]{16}")
_FILE = lazy_pattern(r"[0-9]{20}-([0-9a-f]{16})\.json")
# How something ended, and that it was asked: never that someone approved, or that something was
# started.
_EVENTS = (
    "asked", "refused", "failed", "unconfirmed", "card_created", "card_commented", "card_moved",
    "card_assigned",
    "paged", "acknowledged", "resolved", "escalated", "responder_added",
)  # fmt: skip


class _Unusable(ValueError):
    """A file that opsroom did not write, or that was changed."""


# What reading and recording it raises: wrong kinds of values, numbers without bounds, lists within
# lists.
_NOT_OURS = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
# A link, a folder, something that nothing is behind.
_NEVER = (errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO)


@dataclass(frozen=True)
class Letter:
    """What one transaction would have written.

    - `entries`: lines of the ledger, in order.
    - `repeat`: of the guard against doubles: `key`, `mark` and `answer`; empty when there is none.
    - `page`: the columns of a page's row, with its `mark`: all of them for one that went out, those
      that changed for one that was there; empty when there is none.
    """

    entries: Tuple[Entry, ...]
    repeat: Mapping[str, Any] = field(default_factory=dict)
    page: Mapping[str, Any] = field(default_factory=dict)


def folder_of(keep: Path, address: Address) -> Path:
    """Where what belongs to one database lies, within the private folder `keep`."""
    return (
        keep / "outbox" / hashlib.sha256(address.place.encode("utf-8", "replace")).hexdigest()[:16]
    )


def put(folder: Path, letter: Letter) -> bool:
    """Keep it on the disk, whole or not at all; whether that worked."""
    id = secrets.token_hex(8)
    at = datetime.now(timezone.utc).isoformat(timespec="microseconds")
    entries = [{**vars(one), "event": one.event.value} for one in letter.entries]
    content = {
        "id": id,
        "at": at,
        "entries": entries,
        "repeat": dict(letter.repeat),
        "page": dict(letter.page),
    }
    try:
        data = json.dumps(content, ensure_ascii=True, default=str).encode("ascii")
        if len(data) > MAX_BYTES:
            return False
        _write(folder, f"{time.time_ns():020d}-{id}.json", data)
    except (OSError, ValueError):
        return False
    return True


def waiting(folder: Path) -> List[Path]:
    """The files that are to be taken over, oldest first."""
    try:
        names = sorted(name for name in os.listdir(folder) if _FILE.fullmatch(name))
    except OSError:
        return []
    return [folder / name for name in names]


def drain(store: Store, folder: Path) -> int:
    """Record what lies there, oldest first; returns how many files were taken over.

    Each is one transaction, which finds out whether it was recorded before: from this file, by a
    command that died before it removed it, or by someone who asked the same again. What the
    database refuses stays, and holds up nothing that came after it. Raises Failure(store_...) once
    all were tried, and at once while the database is busy or away.
    """
    if store.address.read_only:
        return 0
    done, refused = 0, None
    for path in waiting(folder):
        if done == AT_ONCE:
            break
        try:
            letter, id, at = _read(path)
        except _NOT_OURS:
            _set_aside(path)
            continue
        except OSError as error:
            # Removed by another command, or not to be read today: only what can never be read is
            # set aside.
            if error.errno in _NEVER:
                _set_aside(path)
            continue
        try:
            with store.write() as on:
                _record(store, on, letter, id, at)
        except (OverflowError, RecursionError):
            _set_aside(path)
            continue
        except Failure as failure:
            if failure.code is not Code.STORE_FAILED:
                raise
            refused = failure
            continue
        with suppress(OSError):
            path.unlink()
        done += 1
    if refused is not None:
        raise refused
    return done


def _set_aside(path: Path) -> None:
    with suppress(OSError):
        path.rename(path.with_suffix(".rejected"))


def _record(store: Store, on: Transaction, letter: Letter, id: str, at: str) -> None:
    from ..db.sql import queue_up
    from .ledger import append

    queue_up(on)
    fresh = False
    for entry in letter.entries:
        if not _is_recorded(on, entry, id):
            append(
                store,
                on,
                replace(entry, facts={**entry.facts, "recorded_late": {"id": id, "at": at}}),
            )
            fresh = True
    if letter.repeat:
        _note_repeat(on, letter.repeat, at)
    if letter.page:
        _note_page(on, letter.page, fresh)


def _is_recorded(on: Transaction, entry: Entry, id: str) -> bool:
    """Whether the record has it: from this file, from its own runner after all, or from someone who
    found the mark.

    Gives the claim back that a deployment held which ended before it was started.
    """
    from ..db.sql import execute
    from .ledger import of_deployment
    from .model import Event

    existing = of_deployment(on, entry.deployment)
    same = [one for one in existing if one.event is entry.event and one.command == entry.command]
    if any(
        one.facts.get("mark") == entry.facts.get("mark") or _late_id(one.facts) == id
        for one in same
    ):
        return True
    if entry.event in (Event.REFUSED, Event.FAILED, Event.CANCELLED):
        held = (
            execute(
                on, "DELETE FROM claims WHERE deployment = :deployment", deployment=entry.deployment
            )
            == 1
        )
        # The one who found its claim run out has written down how it ended.
        return not held and any(one.event is Event.INTERRUPTED for one in existing)
    made = entry.event in (Event.PAGED, Event.CARD_CREATED, Event.CARD_COMMENTED)
    return made and carries(on, entry.event, str(entry.facts.get("mark") or ""))


def carries(on: Transaction, event: Event, mark: str) -> bool:
    """Whether one of the latest records of that kind is about what carries this mark."""
    from ..db.sql import rows

    query = (
        "SELECT facts FROM ledger WHERE seq > (SELECT max(seq) FROM ledger) - 5000"
        " AND event = :event AND facts LIKE :like"
    )
    found = rows(on, query, event=event.value, like=f"%{mark}%") if mark.isalnum() else []
    return any(json.loads(row["facts"]).get("mark") == mark for row in found)


def _late_id(facts: Mapping[str, Any]) -> str:
    late = facts.get("recorded_late")
    return str(late.get("id")) if isinstance(late, dict) else ""


def _note_repeat(on: Transaction, repeat: Mapping[str, Any], at: str) -> None:
    from ..db.sql import execute

    # Only what is still considered in progress: the same words may have asked for something new
    # since then.
    query = (
        "UPDATE repeats SET state = 'done', ended_at = :at, answer = :answer"
        " WHERE key = :key AND mark = :mark AND state <> 'done'"
    )
    execute(on, query, at=at, **repeat)


def _note_page(on: Transaction, page: Mapping[str, Any], fresh: bool) -> None:
    from ..db.sql import insert, rows, update
    from ..pagers import State
    from .idempotency import forget
    from .pages import COLUMNS, DOUBTFUL, SENDING

    existing = rows(on, "SELECT state FROM pages WHERE mark = :mark", mark=page["mark"])
    changes = {key: value for key, value in page.items() if key != "mark"}
    if not set(COLUMNS) <= set(page):
        # Something was done to it, once. A page that was resolved meanwhile stays so.
        if fresh and existing and existing[0]["state"] != State.RESOLVED.value:
            update(on, "pages", changes, {"mark": page["mark"]})
            if changes.get("state") == State.RESOLVED.value:
                forget(on, page["mark"])
    elif not existing:
        insert(on, "pages", page)
    elif existing[0]["state"] in (SENDING, DOUBTFUL):
        update(on, "pages", changes, {"mark": page["mark"]})


def _write(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = folder / f".{name}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.rename(temporary, folder / name)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read(path: Path) -> Tuple[Letter, str, str]:
    """The letter in a file, its id and its time. Raises ValueError, TypeError or KeyError for what
    is none."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        known = os.fstat(file.fileno())
        mine = known.st_uid in (os.geteuid(), 0) or os.geteuid() == 0
        if (
            not stat.S_ISREG(known.st_mode)
            or not mine
            or known.st_mode & 0o022
            or known.st_size > MAX_BYTES
        ):
            raise _Unusable("not a file of opsroom")
        data = file.read(MAX_BYTES + 1)
    content = json.loads(data.decode("ascii"))
    found = _FILE.fullmatch(path.name)
    if not isinstance(content, dict) or found is None or content["id"] != found.group(1):
        raise _Unusable("another file")
    at = datetime.fromisoformat(content["at"])
    if at.tzinfo is None or not 1 <= len(content["entries"]) <= 5:
        raise _Unusable("no time, or no records")
    letter = Letter(
        tuple(map(_entry, content["entries"])), _repeat(content["repeat"]), _page(content["page"])
    )
    return letter, content["id"], at.astimezone(timezone.utc).isoformat(timespec="microseconds")


# What a record may say that it took, in seconds: some thirty years. PostgreSQL takes no number
# without bounds.
_MAX_SECONDS = 1e9


def _entry(values: Dict[str, Any]) -> Entry:
    from .model import Entry, Event

    texts = [one.name for one in fields(Entry) if one.name not in ("event", "seconds", "facts")]
    if set(values) != {*texts, "event", "seconds", "facts"} or values["event"] not in _EVENTS:
        raise _Unusable("no such record")
    _check_texts(values, texts)
    seconds, facts = values["seconds"], values["facts"]
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if (
        not (seconds is None or (is_number and abs(seconds) <= _MAX_SECONDS))
        or not isinstance(facts, dict)
        or not _ID.fullmatch(values["deployment"])
    ):
        raise _Unusable("no such record")
    # What only the record itself says of its own time.
    facts = {key: value for key, value in facts.items() if key != "clock"}
    return Entry(**{**values, "event": Event(values["event"]), "facts": facts})


def _repeat(values: Dict[str, Any]) -> Dict[str, Any]:
    if values and (
        set(values) != {"key", "mark", "answer"}
        or not isinstance(json.loads(values["answer"]), dict)
    ):
        raise _Unusable("no such request")
    _check_texts(values, [name for name in values if name != "answer"])
    return values


def _page(values: Dict[str, Any]) -> Dict[str, Any]:
    from .pages import CHANGED, COLUMNS

    known = set(values) == set(COLUMNS) or {"mark"} < set(values) <= {"mark", *CHANGED}
    if not values:
        return {}
    if not known:
        raise _Unusable("no such page")
    _check_texts(values, [name for name in values if name not in ("urgent", "emergency")])
    if not all(values.get(name, 0) in (0, 1) for name in ("urgent", "emergency")):
        raise _Unusable("no such page")
    return values


def _check_texts(values: Mapping[str, Any], names: Sequence[str]) -> None:
    for name in names:
        value = values[name]
        if not isinstance(value, str) or len(value) > MAX_CHARACTERS or clean(value) != value:
            raise _Unusable(name)
