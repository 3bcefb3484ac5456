"""The tables.

The migrations make them; a test keeps the two the same. The indexes are in the migrations only: to
name a partial index here would load SQLAlchemy's part for PostgreSQL in every action, also where
there is SQLite.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

ledger = Table(
    "ledger",
    metadata,
    Column(
        "seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    ),
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
    # A whole number: the text of a fraction differs between languages, and the hash is made of
    # texts.
    Column("milliseconds", BigInteger().with_variant(Integer, "sqlite")),
    # JSON. What later commands want to remember goes here, not into new columns: the hash covers a
    # fixed set.
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

# One-time codes that were used (`counter` is the number of the time step), and the moments of wrong
# ones.
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

# What was asked of another system and must not be done twice. `key` says what was asked and by
# whom; `mark` is what the thing made carries over there; `answer` is JSON, empty until it is known
# what came of it.
repeats = Table(
    "repeats",
    metadata,
    Column("key", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("deployment", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("began_at", Text, nullable=False),
    Column("ended_at", Text, nullable=False),
    # What makes one of two who ask the same at the same moment the second.
    PrimaryKeyConstraint("key", name="repeats_once"),
)

# The board of the tracker kind local. An empty assignee is nobody.
cards = Table(
    "cards",
    metadata,
    Column("tracker", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("mark", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("assignee", Text, nullable=False),
    Column("reporter", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    PrimaryKeyConstraint("tracker", "project", "number", name="cards_number"),
    UniqueConstraint("tracker", "mark", name="cards_mark"),
)

card_comments = Table(
    "card_comments",
    metadata,
    Column("tracker", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("tracker", "mark", name="card_comments_once"),
)

# Pages that went out through any pager: for limits, for `ack page 1234`, and for watching until
# someone answers. `watch_until` is empty where nobody wants to be told, `told` is what the room has
# been told of last.
pages = Table(
    "pages",
    metadata,
    Column("mark", Text, primary_key=True),
    Column("deployment", Text, nullable=False),
    Column("pager", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("target_kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("target_name", Text, nullable=False),
    Column("people", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("urgent", Integer, nullable=False),
    Column("emergency", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("paged_at", Text, nullable=False),
    Column("watch_until", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("execution_id", Text, nullable=False),
)

# What a deploy kind has to find again when the runner of a deployment died: an execution that goes
# on by itself.
handles = Table(
    "handles",
    metadata,
    Column("app", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("app", "environment", "name", name="handles_place"),
)

# The log of pages of the pager kind local.
local_pages = Table(
    "local_pages",
    metadata,
    Column("pager", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("mark", Text, nullable=False),
    Column("target_kind", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("urgent", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("people", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    PrimaryKeyConstraint("pager", "number", name="local_pages_number"),
    UniqueConstraint("pager", "mark", name="local_pages_mark"),
)


# What a sensor saw last of a source. `state` is JSON; `revision` goes up with each change, so that
# of several who saw the same change one writes it down.
watched = Table(
    "watched",
    metadata,
    Column("source", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    PrimaryKeyConstraint("source", name="watched_source"),
)

# What sensors have to tell, written together with the state that it follows from. `payload` is
# JSON; `taken_until` is empty or the end of the time in which someone is at it, `sent_at` is empty
# until it was told.
news = Table(
    "news",
    metadata,
    Column("event", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("trigger_name", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("taken_until", Text, nullable=False),
    Column("sent_at", Text, nullable=False),
    # What makes a thing that is seen twice one event.
    PrimaryKeyConstraint("event", name="news_once"),
)


# What the announce room is told without anybody having asked: once for each key. `state` is due,
# told or silenced.
tellings = Table(
    "tellings",
    metadata,
    Column("key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Column("ended_at", Text, nullable=False),
    Column("execution_id", Text, nullable=False),
    # What makes one of two who tell the same the only one.
    PrimaryKeyConstraint("key", name="tellings_once"),
)

# Events of sensors and deliveries of webhooks that were acted upon, so that one that comes again is
# not.
seen = Table(
    "seen",
    metadata,
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("kind", "id", name="seen_once"),
)

# What is kept quiet, by whom and until when.
silences = Table(
    "silences",
    metadata,
    Column("what", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text, nullable=False),
    Column("execution_id", Text, nullable=False),
    PrimaryKeyConstraint("what", name="silences_one"),
)

# Incidents that were declared. `who` is whom it is for, as typed. What is empty has not been made
# yet: the card (`card_mark` is what it carries, also before it is known to be there), the page
# (`page_words` is what it says), their link (`linked`); at the end, that the page is resolved
# (`page_over`), that the card has its last comment (`card_told`) and its place (`card_over`).
incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("app", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("chat_name", Text, nullable=False),
    Column("st2_user", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("execution_id", Text, nullable=False),
    Column("tracker", Text, nullable=False),
    Column("card", Text, nullable=False),
    Column("card_mark", Text, nullable=False),
    Column("card_url", Text, nullable=False),
    Column("pager", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("page_url", Text, nullable=False),
    Column("page_words", Text, nullable=False),
    Column("linked", Text, nullable=False),
    Column("closed_at", Text, nullable=False),
    Column("closed_by", Text, nullable=False),
    Column("closing", Text, nullable=False),
    Column("page_over", Text, nullable=False),
    Column("card_told", Text, nullable=False),
    Column("card_over", Text, nullable=False),
    PrimaryKeyConstraint("id", name="incidents_id"),
)
