"""Watching versions, cards and pages: what changed is reported once, by any runner, and also after
a restart.

A `Source` (`source.py`) is asked on its interval by a `Watch` (`watch.py`). What it makes of the
answer is written down in one transaction: what it saw (`memory.py`), and what there is to tell
(`news.py`). A `Post` hands that on afterwards. Nothing here knows of StackStorm.
"""
