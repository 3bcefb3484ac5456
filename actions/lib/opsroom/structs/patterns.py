"""Regular expressions that cost next to nothing to define.

`re.compile` takes about 0.1 ms an expression, and an action loads modules with over a hundred of
which it uses a third. These are compiled when they are first used; docs/adr/0017-late-patterns.md
has the figures.

`re.compile` stays for an expression that is used where it is made, and for one of the config, which
is refused while that is read.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, Pattern, cast


def lazy_pattern(text: AnyStr, flags: int = 0) -> Pattern[AnyStr]:
    """As `re.compile`, which is called at the first use of anything but the attribute `pattern`.

    Text that is no expression is an error (`re.error`) only then; a test uses all of the library's.
    `copy`, `pickle` and the functions of `re` do not take what this returns.
    """
    return cast("Pattern[AnyStr]", _LazyPattern(text, flags))


class _LazyPattern:
    def __init__(self, text: Any, flags: int) -> None:
        self.pattern = text
        self._flags = flags

    def __repr__(self) -> str:
        return f"lazy_pattern({self.pattern!r}, {self._flags})"

    def __getattr__(self, name: str) -> Any:
        """What the expression has of that name. It is kept: no further look at it comes here."""
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(re.compile(self.pattern, self._flags), name)
        setattr(self, name, found)
        return found
