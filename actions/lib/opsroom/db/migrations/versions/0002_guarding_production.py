"""What guards production: locks, changes with their approvals, and one-time codes."""

# What `alembic` offers is made when it runs. pylint: disable=no-member

from __future__ import annotations

from typing import List

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "locks",
        *_texts(
            "app",
            "environment",
            "owner",
            "shown",
            "person",
            "room",
            "reason",
            "since",
            "until",
            "execution_id",
        ),
        sa.PrimaryKeyConstraint("app", "environment", name="locks_place"),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Text(), primary_key=True),
        *_texts(
            "deployment",
            "kind",
            "state",
            "command",
            "app",
            "environment",
            "asked_version",
            "version",
        ),
        *_texts(
            "commit_id",
            "version_before",
            "owner",
            "shown",
            "person",
            "chat_name",
            "room",
            "st2_user",
        ),
        *_texts("execution_id", "plan", "reason"),
        sa.Column("needed", sa.Integer(), nullable=False),
        *_texts("asked_at", "expires_at", "facts"),
        sa.UniqueConstraint("deployment", name="changes_deployment"),
    )
    op.create_index("changes_state", "changes", ["state", "asked_at"])
    op.create_table(
        "approvals",
        *_texts("change", "owner", "shown", "at", "execution_id"),
        sa.Column("second_factor", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("change", "owner", name="approvals_once"),
    )
    op.create_table(
        "used_codes",
        *_texts("person"),
        sa.Column("counter", _WHOLE, nullable=False),
        *_texts("at"),
        sa.PrimaryKeyConstraint("person", "counter", name="used_codes_once"),
    )
    op.create_table(
        "wrong_codes", sa.Column("id", sa.Text(), primary_key=True), *_texts("person", "at")
    )
    op.create_index("wrong_codes_person", "wrong_codes", ["person", "at"])


def downgrade() -> None:
    raise NotImplementedError("What was decided about production is not thrown away.")


def _texts(*names: str) -> List[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
