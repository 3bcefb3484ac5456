"""Measure the kinds and print their tables."""

from __future__ import annotations

import os

import benchmarks.kinds as kinds
from benchmarks.harness import checkouts, parser

if __name__ == "__main__":
    given = parser(kinds.__doc__, 7).parse_args()
    made = kinds.tables(checkouts(given.against), given.python, given.rounds)
    print("\n\n".join(made.values()))
    print(f"Load {os.getloadavg()[1]:.0f}.")
