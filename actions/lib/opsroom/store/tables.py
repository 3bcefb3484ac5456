"""The tables, and what may stand in their text columns.

The migrations make them; a test keeps the two the same. The indexes are in the migrations only: to name a partial index
here would load SQLAlchemy's part for PostgreSQL in every action, also where there is SQLite.
"""

from __future__ import annotations

from datetime import datetime, timezone

from sqlalchemy import BigInteger, Column, Integer, MetaData, PrimaryKeyConstraint, Table, Text, UniqueConstraint

metadata = MetaData()

# The records that end a deployment. Written out, not bound: both databases use a partial index only for a query whose
# condition they can see to be that of the index.
FINISHED = "event IN ('succeeded', 'failed', 'interrupted')"

ledger = Table(
    "ledger",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("deployment", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("requester", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("chat_name", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("st2_user", Text, nullable=False),
    Column("execution_id", Text, nullable=False),
    Column("app", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("version_before", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    # A whole number: the text of a fraction differs between languages, and the hash is made of texts.
    Column("milliseconds", BigInteger().with_variant(Integer, "sqlite")),
    # JSON. What later commands want to remember goes here, not into new columns: the hash covers a fixed set.
    Column("facts", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    # Two records cannot follow the same one: the chain cannot fork.
    UniqueConstraint("previous_hash", name="ledger_previous_hash"),
)

claims = Table(
    "claims",
    metadata,
    Column("app", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("deployment", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("st2_user", Text, nullable=False),
    Column("execution_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("lease_until", Text, nullable=False),
    # What makes a claim exclusive.
    PrimaryKeyConstraint("app", "environment", name="claims_place"),
    UniqueConstraint("deployment", name="claims_deployment"),
)


# An empty app means all of them, an empty environment everywhere; an empty until means without end.
locks = Table(
    "locks",
    metadata,
    Column("app", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text, nullable=False),
    Column("execution_id", Text, nullable=False),
    # What makes a lock have one owner.
    PrimaryKeyConstraint("app", "environment", name="locks_place"),
)

# Deployments that wait for approval or confirmation, and emergencies that wait for review.
changes = Table(
    "changes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("deployment", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("app", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("asked_version", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("commit_id", Text, nullable=False),
    Column("version_before", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("chat_name", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("st2_user", Text, nullable=False),
    Column("execution_id", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("needed", Integer, nullable=False),
    Column("asked_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("facts", Text, nullable=False),
    UniqueConstraint("deployment", name="changes_deployment"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("change", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("execution_id", Text, nullable=False),
    Column("second_factor", Integer, nullable=False),
    # Nobody approves the same change twice.
    PrimaryKeyConstraint("change", "owner", name="approvals_once"),
)

# One-time codes that were used (`counter` is the number of the time step), and the moments of wrong ones.
used_codes = Table(
    "used_codes",
    metadata,
    Column("person", Text, nullable=False),
    Column("counter", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("at", Text, nullable=False),
    # What makes a code work once, also on two runners at the same moment.
    PrimaryKeyConstraint("person", "counter", name="used_codes_once"),
)

wrong_codes = Table(
    "wrong_codes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("at", Text, nullable=False),
)


def clean(value: str) -> str:
    """The text without what a column cannot hold: NUL (PostgreSQL refuses it) and halves of surrogate pairs."""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def moment(at: datetime) -> str:
    """A time as it is stored: ISO 8601 in UTC with six decimals, so that texts sort as times do."""
    return at.astimezone(timezone.utc).isoformat(timespec="microseconds")


def from_moment(stored: str) -> datetime:
    """The aware UTC time behind a stored text."""
    return datetime.fromisoformat(stored)
