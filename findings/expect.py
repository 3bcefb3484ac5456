"""What a finding says that it saw: each line is printed, and one that has changed ends the run with
status 1."""

from __future__ import annotations

import sys


def expect(what: str, seen: object, as_before: object) -> None:
    """Print what was seen; end the program where it is not what was seen before."""
    print(f"{what}: {seen!r}")
    if seen != as_before:
        sys.exit(f"This has changed. Before, it was {as_before!r}.")
