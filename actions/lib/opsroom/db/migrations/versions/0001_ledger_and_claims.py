"""The ledger, which only grows, and the claims of running deployments."""

# What `alembic` offers is made when it runs. pylint: disable=no-member

from __future__ import annotations

from typing import List

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Everything is spelled out here, not taken from tables.py: that file changes, a migration stays
# what it was.
_FINISHED = sa.text("event IN ('succeeded', 'failed', 'interrupted')")
_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column("seq", _WHOLE, primary_key=True, autoincrement=False),
        *_texts(
            "at",
            "event",
            "deployment",
            "command",
            "requester",
            "person",
            "chat_name",
            "room",
            "st2_user",
        ),
        *_texts(
            "execution_id", "app", "environment", "version_before", "version", "code", "message"
        ),
        sa.Column("milliseconds", _WHOLE, nullable=True),
        *_texts("facts", "previous_hash", "hash"),
        sa.UniqueConstraint("previous_hash", name="ledger_previous_hash"),
    )
    # One for each way in which history is asked, each in the order in which it is answered: the
    # newest ten are read and nothing else, however many records there are and however many refusals
    # lie between them.
    _finished("ledger_finished", "seq")
    _finished("ledger_finished_app", "app", "seq")
    _finished("ledger_finished_environment", "environment", "seq")
    _finished("ledger_finished_place", "app", "environment", "seq")
    op.create_index("ledger_deployment", "ledger", ["deployment", "seq"])
    op.create_table(
        "claims",
        *_texts(
            "app", "environment", "deployment", "command", "holder", "person", "room", "st2_user"
        ),
        *_texts("execution_id", "version", "step", "started_at", "lease_until"),
        sa.PrimaryKeyConstraint("app", "environment", name="claims_place"),
        sa.UniqueConstraint("deployment", name="claims_deployment"),
    )
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("The ledger is append-only; there is no way back before it.")


def _texts(*names: str) -> List[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _finished(name: str, *columns: str) -> None:
    op.create_index(
        name, "ledger", list(columns), sqlite_where=_FINISHED, postgresql_where=_FINISHED
    )


# The trigger on INSERT lets in only the record that continues the chain. On SQLite it also stops
# INSERT OR REPLACE, which removes the old row without firing the trigger on DELETE.
_SQLITE = (
    """
    CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END
    """,
    """
    CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END
    """,
    """
    CREATE TRIGGER ledger_in_order BEFORE INSERT ON ledger
    WHEN NEW.seq IS NOT coalesce((SELECT max(seq) FROM ledger), 0) + 1
      OR NEW.previous_hash IS NOT coalesce((SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1), printf('%064d', 0))
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: a record must follow the last one'); END
    """,  # noqa: E501
)

# ALWAYS: an ordinary trigger is silent in a session that calls itself a replica.
_POSTGRESQL = (
    """
    CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE FUNCTION ledger_check() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        last_seq bigint;
        last_hash text;
    BEGIN
        SELECT seq, hash INTO last_seq, last_hash FROM ledger ORDER BY seq DESC LIMIT 1;
        IF NEW.seq IS DISTINCT FROM coalesce(last_seq, 0) + 1
           OR NEW.previous_hash IS DISTINCT FROM coalesce(last_hash, repeat('0', 64)) THEN
            RAISE EXCEPTION 'the ledger is append-only: a record must follow the last one'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
    """,
    """
    CREATE TRIGGER ledger_in_order BEFORE INSERT ON ledger
    FOR EACH ROW EXECUTE FUNCTION ledger_check()
    """,
    "ALTER TABLE ledger ENABLE ALWAYS TRIGGER ledger_no_change",
    "ALTER TABLE ledger ENABLE ALWAYS TRIGGER ledger_in_order",
)
