"""What was archived of the ledger: only that may be taken out of it, by the owner of the tables."""

# What `alembic` offers is made when it runs. pylint: disable=no-member

from __future__ import annotations

from typing import List

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "archives",
        sa.Column("first_seq", _WHOLE, primary_key=True, autoincrement=False),
        sa.Column("last_seq", _WHOLE, nullable=False),
        *_texts("previous_hash", "head_hash", "chain", "since", "until", "file", "sha256"),
        *_texts("made_at", "made_by"),
        sa.Column("record", _WHOLE, nullable=False),
    )
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Without the table, a record that was archived looks broken.")


def _texts(*names: str) -> List[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


# An archive continues the one before it and ends with a record that is in the ledger; the newest
# record, in the same transaction, says so. From then on its records may go, and no others.
_SQLITE = (
    "DROP TRIGGER ledger_no_delete",
    """
    CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
    WHEN NOT EXISTS (SELECT 1 FROM archives WHERE OLD.seq BETWEEN first_seq AND last_seq)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END
    """,
    """
    CREATE TRIGGER archives_in_order BEFORE INSERT ON archives
    WHEN NEW.first_seq IS NOT coalesce((SELECT max(last_seq) FROM archives), 0) + 1
      OR NEW.previous_hash IS NOT coalesce(
         (SELECT head_hash FROM archives ORDER BY last_seq DESC LIMIT 1), printf('%064d', 0))
      OR NOT coalesce(NEW.last_seq >= NEW.first_seq, 0)
      OR NEW.head_hash IS NOT (SELECT hash FROM ledger WHERE seq = NEW.last_seq)
      OR NOT EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.record AND seq > NEW.last_seq
         AND seq = (SELECT max(seq) FROM ledger) AND event = 'archived'
         AND instr(facts, NEW.head_hash) > 0 AND instr(facts, NEW.sha256) > 0)
    BEGIN SELECT RAISE(ABORT, 'an archive follows the last one, and the newest record says so'); END
    """,
    """
    CREATE TRIGGER archives_no_update BEFORE UPDATE ON archives
    BEGIN SELECT RAISE(ABORT, 'archives are append-only'); END
    """,
    """
    CREATE TRIGGER archives_no_delete BEFORE DELETE ON archives
    BEGIN SELECT RAISE(ABORT, 'archives are append-only'); END
    """,
)

# The schema is named: a temporary table of the same name would be looked at first.
_POSTGRESQL = (
    "DROP TRIGGER ledger_no_change ON ledger",
    """
    CREATE TRIGGER ledger_no_change BEFORE UPDATE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()
    """,
    """
    CREATE FUNCTION ledger_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        lost boolean;
    BEGIN
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM gone WHERE NOT EXISTS (SELECT 1 FROM'
            ' %I.archives WHERE gone.seq BETWEEN first_seq AND last_seq))', TG_TABLE_SCHEMA)
            INTO lost;
        IF lost THEN
            RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER ledger_no_delete AFTER DELETE ON ledger REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_keep()
    """,
    """
    CREATE FUNCTION archives_check() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        last_archived bigint;
        last_hash text;
        found boolean;
    BEGIN
        EXECUTE format('SELECT last_seq, head_hash FROM %I.archives ORDER BY last_seq DESC LIMIT 1',
            TG_TABLE_SCHEMA) INTO last_archived, last_hash;
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %1$I.ledger WHERE seq = $1 AND hash = $2)'
            ' AND EXISTS (SELECT 1 FROM %1$I.ledger WHERE seq = $3 AND seq > $1'
            ' AND seq = (SELECT max(seq) FROM %1$I.ledger) AND event = ''archived'''
            ' AND position($2 IN facts) > 0 AND position($4 IN facts) > 0)', TG_TABLE_SCHEMA)
            INTO found USING NEW.last_seq, NEW.head_hash, NEW.record, NEW.sha256;
        IF NEW.first_seq IS DISTINCT FROM coalesce(last_archived, 0) + 1
           OR NEW.previous_hash IS DISTINCT FROM coalesce(last_hash, repeat('0', 64))
           OR NOT coalesce(NEW.last_seq >= NEW.first_seq, false) OR NOT found THEN
            RAISE EXCEPTION 'an archive follows the last one, and the newest record says so'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION archives_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'archives are append-only' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER archives_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON archives
    FOR EACH STATEMENT EXECUTE FUNCTION archives_refuse()
    """,
    """
    CREATE TRIGGER archives_in_order BEFORE INSERT ON archives
    FOR EACH ROW EXECUTE FUNCTION archives_check()
    """,
    "ALTER TABLE ledger ENABLE ALWAYS TRIGGER ledger_no_change",
    "ALTER TABLE ledger ENABLE ALWAYS TRIGGER ledger_no_delete",
    "ALTER TABLE archives ENABLE ALWAYS TRIGGER archives_no_change",
    "ALTER TABLE archives ENABLE ALWAYS TRIGGER archives_in_order",
)
