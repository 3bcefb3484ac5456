"""Closing a database, so that no command uses it any more: it was moved, or is not the record that
was noted. By the owner of its tables; the runners' role may not."""

from __future__ import annotations

from ..db.sql import Transaction, execute, scalar
from ..db.store import CLOSED, RESTORING
from ..errors import Code, Refusal

# A command that looked at the migration before records nothing afterwards.
_CLOSE = {
    "sqlite": "CREATE TRIGGER ledger_closed BEFORE INSERT ON ledger"
    " BEGIN SELECT RAISE(ABORT, 'the ledger is closed'); END",
    "postgresql": "CREATE TRIGGER ledger_closed BEFORE INSERT ON ledger"
    " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()",
}
_OPEN = {
    "sqlite": "DROP TRIGGER IF EXISTS ledger_closed",
    "postgresql": "DROP TRIGGER IF EXISTS ledger_closed ON ledger",
}
_KNOWN = "SELECT version_num FROM alembic_version"


def close_database(on: Transaction, why: str) -> None:
    """Let nobody use a database from the end of this transaction on; `why` is MOVED, REFUSED or
    RESTORING. Takes the owner of the tables."""
    known = str(scalar(on, _KNOWN))
    if not known.startswith(CLOSED):
        execute(on, "UPDATE alembic_version SET version_num = :one", one=f"{why}:{known}")
        execute(on, _CLOSE[on.dialect])


def refuse_restoring(on: Transaction, place: str, hint: str) -> None:
    """Raises Refusal(not_accepted) where a backup is being restored into it, or was, by a process
    that died. `place` is the database in words, `hint` what to do."""
    known = scalar(on, _KNOWN)
    if not known or str(known).startswith(f"{RESTORING}:"):
        raise Refusal(
            Code.NOT_ACCEPTED,
            f"{place[0].upper()}{place[1:]} is being restored from a backup, or its restoring was "
            "interrupted: nothing has verified it.",
            hint,
        )


def reopen_database(on: Transaction) -> bool:
    """Let a closed database be used again; whether it was closed."""
    known = str(scalar(on, _KNOWN))
    if not known.startswith(CLOSED):
        return False
    execute(on, "UPDATE alembic_version SET version_num = :one", one=known.partition(":")[2])
    execute(on, _OPEN[on.dialect])
    return True
