"""A deployment can end as cancelled: it is found among those that ended."""

# What `alembic` offers is made when it runs. pylint: disable=no-member

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FINISHED = sa.text("event IN ('succeeded', 'failed', 'interrupted', 'cancelled')")
_INDEXES = {
    "ledger_finished": ["seq"],
    "ledger_finished_app": ["app", "seq"],
    "ledger_finished_environment": ["environment", "seq"],
    "ledger_finished_place": ["app", "environment", "seq"],
}


def upgrade() -> None:
    # A database uses a partial index only for a query with the same condition.
    for name, columns in _INDEXES.items():
        op.drop_index(name, "ledger")
        op.create_index(name, "ledger", columns, sqlite_where=_FINISHED, postgresql_where=_FINISHED)


def downgrade() -> None:
    raise NotImplementedError("Deployments that were cancelled would no longer be found.")
