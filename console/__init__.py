"""The chat room in a terminal: the pack's own aliases and actions on an embedded default, without a
server.

A front door to the pack and no second StackStorm: no workflows, rules, sensors or datastore.
"""

from __future__ import annotations

import sys
from pathlib import Path

PACK = Path(__file__).resolve().parents[1]
# StackStorm itself puts this folder on the path of an action; the console is outside of it.
_LIBRARY = str(PACK / "actions" / "lib")
if _LIBRARY not in sys.path:
    sys.path.insert(0, _LIBRARY)
