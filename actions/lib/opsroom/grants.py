"""What a PostgreSQL role needs to run every command, and no more: `python -m opsroom.grants ROLE`
prints it.

The role can neither change or remove a record nor drop the triggers that protect the record, since
the tables belong to another role. A test runs every command with exactly these rights.
"""

from __future__ import annotations

import argparse
import re
import sys
from typing import Dict, List, Optional, Sequence, Tuple

from .structs.patterns import lazy_pattern

READ, ADD, CHANGE, REMOVE = "SELECT", "INSERT", "UPDATE", "DELETE"
_ALL = (READ, ADD, CHANGE, REMOVE)
_KEPT = (READ, ADD, CHANGE)

# What was decided and recorded can be added to, and never removed.
PRIVILEGES: Dict[str, Tuple[str, ...]] = {
    "alembic_version": (READ,),
    "ledger": (READ, ADD),
    # Only the owner of the tables archives.
    "archives": (READ,),
    # The only thing that changes of an approval is that a code was given for it.
    "approvals": (READ, ADD, "UPDATE (second_factor)"),
    "used_codes": (READ, ADD),
    "card_comments": (READ, ADD),
    "changes": _KEPT,
    "cards": _KEPT,
    "local_pages": _KEPT,
    "incidents": _KEPT,
    "watched": _KEPT,
    "wrong_codes": (READ, ADD, REMOVE),
    "handles": (READ, ADD, REMOVE),
    "seen": (READ, ADD, REMOVE),
    "messages": (READ, ADD, REMOVE),
    "silences": (READ, ADD, REMOVE),
    "claims": _ALL,
    "locks": _ALL,
    "repeats": _ALL,
    "pages": _ALL,
    "news": _ALL,
    "tellings": _ALL,
}
_SIMPLE = lazy_pattern(r"[a-z_][a-z0-9_]*")


def statements(role: str) -> List[str]:
    """The GRANT statements for a role, one for each set of privileges."""
    together: Dict[Tuple[str, ...], List[str]] = {}
    for table, privileges in PRIVILEGES.items():
        together.setdefault(privileges, []).append(table)
    return [_grant(tables, privileges, role) for privileges, tables in together.items()]


def statement_for(text: str) -> str:
    """The GRANT for the table that PostgreSQL's complaint is about, in whatever language; empty
    where it names none."""
    named = set(re.findall(r"\w+", text))
    table = next((one for one in PRIVILEGES if one in named), "")
    return _grant([table], PRIVILEGES[table], "") if table else ""


def _grant(tables: Sequence[str], privileges: Sequence[str], role: str) -> str:
    statement = f"GRANT {', '.join(privileges)} ON {', '.join(tables)}"
    return f"{statement} TO {_quoted(role)};" if role else statement


def _quoted(role: str) -> str:
    return role if _SIMPLE.fullmatch(role) else '"' + role.replace('"', '""') + '"'


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """The command: prints the statements. Exit status 0."""
    parser = argparse.ArgumentParser(
        prog="python -m opsroom.grants", description=__doc__.splitlines()[0]
    )
    parser.add_argument("role", help="the role that is named in 'database' of opsroom.yaml")
    given = parser.parse_args(arguments)
    sys.stdout.write("\n".join(statements(given.role)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
