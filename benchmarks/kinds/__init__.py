"""What kinds of deploying and of asking for versions cost.

.venv/bin/python -m benchmarks.kinds [--against DIR] [--python PATH] [--rounds N]
"""

from __future__ import annotations

from typing import Dict, Sequence

from benchmarks.harness import Checkout
from benchmarks.kinds.following import followed, following_table
from benchmarks.kinds.imports import imports, imports_table


def tables(compared: Sequence[Checkout], python: str, rounds: int) -> Dict[str, str]:
    """The tables of docs/performance.md. `rounds` is for the imports; following is one round."""
    costs = {one.name: imports(one, python, rounds) for one in compared}
    found = {one.name: followed(one, python) for one in compared}
    return {"kinds": imports_table(costs), "following": following_table(found)}
