"""One-time codes (RFC 6238): the second factor of approvers. Each works once, on all runners
together."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import Optional

from ..db.sql import (
    Transaction,
    execute,
    from_moment,
    insert,
    insert_new,
    moment,
    queue_up,
    rows,
    soon,
)
from ..db.store import Store
from ..errors import Code
from ..names import tidied
from ..people import Person
from ..policy import YES, Decision, no
from ..structs.patterns import lazy_pattern
from ..text import when

# Steps of 30 s before and after the present one whose codes are taken too: clocks differ, and
# people type slowly.
WINDOW = 1
# So many wrong codes within that time, and no more are looked at. A million codes, three of them
# right: 480 guesses a day then find one with a chance of one to seven hundred.
MAX_WRONG = 5
WITHIN = timedelta(minutes=15)
_DIGITS = lazy_pattern(r"^[0-9]{6}(?![\s\S])")


def check_code(
    store: Store, connection: Transaction, person: Person, code: str, say: str
) -> Decision:
    """Whether this is a code of that person, not used before. It is used up, or counted as wrong,
    by asking.

    Both are written within the caller's `store.write()`, which therefore must be committed also
    when the answer is no: enforce the decision after the transaction. `say` is the command that
    would work, with CODE where the code goes when that is not at its end.
    """
    queue_up(connection)
    typed = re.sub(r"[\s-]+", "", tidied(code))
    if not person.totp:
        message = f"{person.name} has no one-time codes yet."
        return no(
            Code.NOT_ENROLLED,
            message,
            f"An administrator has to set them up with: python -m opsroom.enrol {person.name}",
        )
    if not typed:
        return no(Code.CODE_NEEDED, "This needs your one-time code.", f"Say, {_example(say)}")
    if not _DIGITS.match(typed):
        return no(
            Code.CODE_WRONG, "That is no one-time code: it has six digits.", f"Say, {_example(say)}"
        )
    now = store.now(connection)
    until = _closed_until(connection, person, now)
    if until is not None:
        message = (
            f"{person.name} gave {MAX_WRONG} wrong codes in a short time; no code is looked "
            "at for a while."
        )
        return no(Code.CODE_LIMIT, message, f"From {when(until, now)} on, say, {_example(say)}")
    try:
        counter = _counter(person, typed, now)
    except ValueError:
        # Depends on the version of pyotp: newer ones insist on the 112 bits that NIST asks for.
        message = f"The secret of {person.name}'s one-time codes is too short to be used."
        return no(
            Code.NOT_ENROLLED,
            message,
            f"An administrator makes a new one: python -m opsroom.enrol {person.name}",
        )
    if counter is None:
        _count_wrong(connection, person, now)
        return no(
            Code.CODE_WRONG,
            "The code is wrong.",
            f"Say, {_example(say, 'with the one that is shown now')}",
        )
    return _use_up(connection, person, counter, now, say)


def use_code(store: Store, person: Person, code: str, say: str) -> None:
    """The same in a transaction of its own. Raises the Refusal."""
    with store.write() as connection:
        decision = check_code(store, connection, person, code, say)
    decision.enforce()


def _example(say: str, what: str = "with your code") -> str:
    """The command with a code in it, to be typed as it is except for the digits: nothing may
    follow it."""
    command = say.replace("CODE", "123456", 1) if re.search(r"\bCODE\b", say) else f"{say} 123456"
    return f"{what} in place of 123456: {command}"


def _counter(person: Person, code: str, now: datetime) -> Optional[int]:
    """The number of the time step that this is the code of."""
    import pyotp
    from pyotp.utils import strings_equal

    totp = pyotp.TOTP(person.totp.replace(" ", ""))
    present = totp.timecode(now)
    # All are compared, whichever is right, so that the time it takes reveals nothing.
    steps = [present + offset for offset in range(-WINDOW, WINDOW + 1)]
    right = [step for step in steps if strings_equal(code, totp.generate_otp(step))]
    return right[-1] if right else None


def _use_up(
    connection: Transaction, person: Person, counter: int, now: datetime, say: str
) -> Decision:
    if insert_new(
        connection, "used_codes", {"person": person.name, "counter": counter, "at": moment(now)}
    ):
        return YES
    message = "This code was used before; each works once."
    return no(
        Code.CODE_USED,
        message,
        f"Wait up to 30 s for the next one, then say, {_example(say, 'with it')}",
    )


def _closed_until(connection: Transaction, person: Person, now: datetime) -> Optional[datetime]:
    """When codes are looked at again; None when they are now."""
    query = (
        "SELECT at FROM wrong_codes WHERE person = :person AND at > :since AND at <= :soon "
        "ORDER BY at DESC LIMIT :most"
    )
    times = {"since": moment(now - WITHIN), "soon": moment(soon(now))}
    latest = rows(connection, query, person=person.name, most=MAX_WRONG, **times)
    return from_moment(latest[-1]["at"]) + WITHIN if len(latest) == MAX_WRONG else None


def _count_wrong(connection: Transaction, person: Person, now: datetime) -> None:
    # Every refusal is in the ledger; here only the recent ones matter.
    old = moment(now - WITHIN * 2)
    execute(
        connection,
        "DELETE FROM wrong_codes WHERE person = :person AND at < :old",
        person=person.name,
        old=old,
    )
    insert(
        connection,
        "wrong_codes",
        {"id": secrets.token_hex(8), "person": person.name, "at": moment(now)},
    )
