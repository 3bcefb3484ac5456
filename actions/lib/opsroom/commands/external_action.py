"""One thing that is to be made elsewhere once: what makes it, what finds it again, and what is said
of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Tuple

from ..deadline import LOOK_FOR, TIME_LIMIT
from ..errors import Code, Failure

if TYPE_CHECKING:
    from ..db import Store
    from ..db.sql import Transaction
    from ..records.model import Event

    Row = Callable[[str, Event], Mapping[str, Any]]
    Begins = Callable[[Store, Transaction, str], None]
    Ends = Callable[[Store, Transaction, str, Event], None]

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Limits:
    """Seconds: what a command may take elsewhere (`command`), and what looking for a lost answer
    may add (`look_for`).

    A second attempt must fit into both together.
    """

    command: float = TIME_LIMIT
    look_for: float = LOOK_FOR


@dataclass(frozen=True)
class ExternalAction:
    """What is to be made once.

    - `key`: what makes two requests the same besides who asks and the command: where, the text. No
      order but this one.
    - `what`: as a sentence begins with it: "The card in OPS".
    - `make(mark)` makes it and returns its facts, as JSON can hold them: they are recorded, kept as
      the answer, and handed back. Raises Refusal or Failure; a Failure that is in doubt
      (`http_faults.in_doubt`) leads to `look`.
    - `look(mark)` returns the facts of what carries the mark, None when it is not there;
      Refusal(not_possible) when that cannot be found out. `settles_within`: seconds after which it
      does not miss what is there.
    - `done`: the record's event for it; `code` and `said(facts)`: what the record says that was
      answered.
    - `there`: the code of the answer when the same was asked a moment ago, and it is there already.
    - `doubtful`: the code of the Failure when nobody can tell; `in_doubt_hint`: what to do then.
    - `failed`: the record's event when it was not made, for certain.
    - `asked`: whether a record says that it was asked; not, where it is a part of something that
      was.
    - `limits`: how long it may take, and how long it is looked for.
    - `without_record`: make it even when the record cannot be written: a human must be woken also
      then.
    - `begins(store, connection, mark)` is done in the first transaction, before anything is made or
      looked for. A Refusal that it raises is recorded, and nothing is made. `ends(store,
      connection, mark, event)` in the last one.
    - `row(mark, event)`: the row of a page with what came of it, for when the last transaction has
      to be made up for.
    - `unsure(facts)`: it was made, and what came of it is not known: recorded as UNCONFIRMED, with
      `doubtful`.
    - `stands(facts)`: whether what was made a moment ago is still there; when not, the same words
      mean a new one.
    - `being`, `doubt`: what is said of it while it is made, and when nobody can tell.
    """

    key: Tuple[str, ...]
    what: str
    make: Callable[[str], Facts]
    look: Callable[[str], Optional[Facts]]
    settles_within: float
    done: Event
    code: Code
    there: Code
    said: Callable[[Facts], str]
    doubtful: Code = Code.OUTCOME_UNKNOWN
    in_doubt_hint: str = (
        "Say the same again: it is looked for first, and made only when it is not there."
    )
    failed: Optional[Event] = None
    asked: bool = True
    limits: Limits = field(default_factory=Limits)
    without_record: bool = False
    begins: Optional[Begins] = None
    ends: Optional[Ends] = None
    row: Optional[Row] = None
    unsure: Callable[[Facts], bool] = lambda facts: False
    stands: Optional[Callable[[Facts], bool]] = None
    being: str = "is being made"
    doubt: str = "may or may not have been made"


@dataclass(frozen=True)
class ActionResult:
    """What came of an external action.

    `fresh`: made by this request; otherwise it was there already, since `since`. `found`: an answer
    was lost, and what was made was found by its mark. `recorded`: the record knows of it; when not,
    `trouble` says why, and `late` whether the next command records it.
    """

    facts: Facts
    fresh: bool
    since: datetime
    found: bool = False
    recorded: bool = True
    trouble: Optional[Failure] = None
    late: bool = False
