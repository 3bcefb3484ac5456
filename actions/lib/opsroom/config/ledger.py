"""Reading `ledger`: how long records stay in the database."""

from __future__ import annotations

import re

from .fields import Fields
from .model import LedgerSettings
from .problems import found

# A year is what figures are compared over, and what PCI DSS wants at hand; below it, a slip of the
# pen ("7d") would take away what people work with.
_MIN_KEEP = 12
_MAX_KEEP = 100 * 12
_KEEP = re.compile(
    r"^(?:(?P<years>[0-9]{1,3}) ?(?:y|years?)|(?P<months>[0-9]{1,4}) ?(?:mo|months?))$"
)


def read_ledger(fields: Fields) -> LedgerSettings:
    """The whole of `ledger`."""
    inner = fields.inside("ledger")
    if not inner.names():
        # StackStorm puts an empty section where there is none.
        return LedgerSettings()
    expected = "a number of years or months, from 1y to 100y, such as 7y or 84mo"
    text = inner.text("keep", pattern=_KEEP, expected=expected)
    length = _KEEP.match(text)
    keep = int(length["years"] or 0) * 12 + int(length["months"] or 0) if length else 0
    if length and not _MIN_KEEP <= keep <= _MAX_KEEP:
        inner.problem("keep", f"expected {expected}, found {found(text)}")
    inner.finish()
    return LedgerSettings(keep)
