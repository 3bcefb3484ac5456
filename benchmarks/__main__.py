"""All benchmarks that need no StackStorm, one after the other, and their tables written into
docs/performance.md.

    make bench
    .venv/bin/python -m benchmarks [--against DIR] [--only NAME ...] [--rounds N] [--print]

A table stands in the page between `<!-- table: NAME -->` and `<!-- end of table -->`; the prose
around it is written by hand. `--against` is a checkout of another version, measured in the same
rounds: columns "before" and "now". Those that need a StackStorm are named and left out: each says
at its head how it is run.
"""

from __future__ import annotations

import os
import re
import sys
import time
from typing import Callable, Dict, Mapping, Sequence

from benchmarks import (
    board,
    cards,
    connections,
    kinds,
    ledger,
    load,
    metrics,
    paging,
    processes,
    sensors,
    versions,
)
from benchmarks.harness import ROOT, Checkout, checkouts, parser

PAGE = ROOT / "docs" / "performance.md"
Tables = Callable[[Sequence[Checkout], str, int], Dict[str, str]]
# What they make, and the rounds that are enough.
BENCHMARKS: Mapping[str, Tables] = {
    "processes": processes.tables,
    "connections": connections.tables,
    "kinds": kinds.tables,
    "ledger": ledger.tables,
    "metrics": metrics.tables,
    "versions": versions.tables,
    "board": board.tables,
    "cards": cards.tables,
    "paging": paging.tables,
    "sensors": sensors.tables,
    "load": load.tables,
}
ON_STACKSTORM = ("answers", "cards", "changes", "paging", "stackstorm")
_TABLE = re.compile(
    r"(<!-- table: (?P<name>[\w-]+) -->\n).*?(<!-- end of table -->)", flags=re.DOTALL
)


def written(page: str, tables: Mapping[str, str]) -> str:
    """The page with these tables in their places. Raises SystemExit for one that has none."""
    places = {found["name"] for found in _TABLE.finditer(page)}
    if set(tables) - places:
        raise SystemExit(f"docs/performance.md has no place for {sorted(set(tables) - places)}")

    def table(found: re.Match[str]) -> str:
        made = tables.get(found["name"])
        return found[0] if made is None else f"{found[1]}\n{made}\n\n{found[3]}"

    return _TABLE.sub(table, page)


def main() -> None:
    """Run them, and write or print the tables. Each is written as soon as it is there."""
    options = parser(__doc__, 0)
    options.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    options.add_argument("--print", action="store_true", help="leave the page as it is")
    given = options.parse_args()
    compared = checkouts(given.against)
    for name in given.only:
        began = time.monotonic()
        tables = BENCHMARKS[name](compared, given.python, given.rounds or 15)
        load = os.getloadavg()[1]
        print(f"{name}: {time.monotonic() - began:.0f} s, load {load:.1f}", flush=True)
        noted = {key: f"{made}\n\nLoad {load:.0f}." for key, made in tables.items()}
        if given.print:
            print("\n\n".join(noted.values()), flush=True)
        else:
            PAGE.write_text(written(PAGE.read_text("utf-8"), noted), encoding="utf-8")
    for name in ON_STACKSTORM:
        print(f"benchmarks.{name}: needs a running StackStorm; left out", flush=True)


if __name__ == "__main__":
    sys.exit(main())
