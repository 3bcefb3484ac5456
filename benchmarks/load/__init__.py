"""Many messages at once: of consoles on one database (`consoles`), and of people on a running
StackStorm whose runners die (`people`)."""

from __future__ import annotations

from benchmarks.load.consoles import tables

__all__ = ["tables"]
