"""Watching versions, cards and pages: each change is reported once, by any runner, and also after a
restart.

A `Source` (`source.py`) is asked on its interval by a `Watch` (`poller.py`). One transaction stores
what it saw and the news to post (`outbox.py`). A `Post` dispatches the news afterwards. Nothing
here knows of StackStorm.
"""
