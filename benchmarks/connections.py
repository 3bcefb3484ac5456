"""Connections, transactions and statements of one command on SQLite.

    .venv/bin/python -m benchmarks.connections [--against DIR] [--python PATH]

Counted in the process of an action, below whatever opens the database there. A statement is what
SQLite is asked to run, also those that begin and end a transaction and set a connection up.
"""

from __future__ import annotations

import sys
from typing import Dict, Sequence

from benchmarks.harness import Checkout, checkouts, parser, table
from benchmarks.processes import DEPLOY, SUBJECTS, measure

# Comes before the action's process: SQLAlchemy takes the one `connect`, opsroom the other.
COUNTING = """
import sqlite3, sqlite3.dbapi2
counts = {"connections": 0, "transactions": 0, "writing": 0, "statements": 0}
_connect = sqlite3.connect

def _count(statement):
    counts["statements"] += 1
    counts["transactions"] += statement.startswith("BEGIN")
    counts["writing"] += statement.startswith("BEGIN IMMEDIATE")

def connect(*arguments, **named):
    made = _connect(*arguments, **named)
    # The file in which writers queue up is no database.
    counts["connections"] += 1
    made.set_trace_callback(_count)
    return made

sqlite3.connect = sqlite3.dbapi2.connect = connect
"""
_SHOWN = ("deploy", "approve_change", "lock", "get_history", "page", "create_card")


def tables(compared: Sequence[Checkout], python: str, rounds: int) -> Dict[str, str]:
    """The table of docs/performance.md. Counting once is enough: `rounds` is ignored."""
    shown = [one for one in SUBJECTS if one.action in _SHOWN and not one.over]
    subjects = [DEPLOY, *(one for one in shown if one != DEPLOY)]
    kept = measure(compared, python, 1, subjects, COUNTING)
    heading = ["command"]
    for who in kept:
        heading += [f"{who}: connections", "transactions", "of which write", "statements"]
    rows = []
    for subject in subjects:
        row = [subject.name]
        for runs in kept.values():
            counts = runs[subject.name][0].result["counts"]
            names = ("connections", "transactions", "writing", "statements")
            row += [str(counts[one]) for one in names]
        rows.append(row)
    return {"connections": table(heading, rows)}


def main() -> None:
    """Count and print the table."""
    given = parser(__doc__, 1).parse_args()
    print(tables(checkouts(given.against), given.python, 1)["connections"])


if __name__ == "__main__":
    sys.exit(main())
