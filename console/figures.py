"""`make figures`: a tiny world with a quarter behind it, and its delivery figures as a page to open
in a browser.

The quarter is made up: its records are written at times of their own. The figures are computed
from them as from any other record.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any, Dict, Iterator, List, Optional, Tuple

from opsroom.db.store import Store, open_store
from opsroom.metrics.__main__ import main as make_page
from opsroom.records.ledger import append
from opsroom.records.model import Entry, Event

from . import PACK
from .board import draw
from .world import World, build

FOLDER, DRAWN = PACK / "var" / "figures", Path("/tmp/opsroom")  # noqa: S108
PICTURE = PACK / "docs" / "metrics.png"
# The quarter that is shown, and how long before it the record begins.
QUARTER, BEGINS, ENDS = "2026-Q3", datetime(2026, 3, 2), datetime(2026, 10, 3)
SIZE = (1280, 1290)
_MINUTE, _HOUR = 60.0, 3600.0

Told = Tuple[datetime, Entry]


def main(arguments: Optional[List[str]] = None) -> int:
    """Make the page. Returns 2 when there is no world, or no browser for a picture."""
    parser = argparse.ArgumentParser(prog="python -m console.figures", description="The figures.")
    parser.add_argument("--folder", type=Path, help="where the world is built")
    parser.add_argument("--picture", action="store_true", help="draw docs/metrics.png of it")
    given = parser.parse_args(arguments)
    # The page names the database: a picture shows no path of the machine that it is drawn on.
    folder = (given.folder or (DRAWN if given.picture else FOLDER)).resolve()
    try:
        page = make(build(folder))
        if given.picture:
            draw(page, PICTURE, SIZE)
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Open it in a browser: file://{page}")
    return 0


def make(world: World) -> Path:
    """Let the quarter pass in a world, and make the page of it."""
    store = open_store(world.database)
    try:
        told = quarter(Random(7))  # noqa: S311
        for at, entry in sorted(told, key=lambda one: one[0]):
            write(store, at.replace(tzinfo=timezone.utc), entry)
    finally:
        store.close()
    out = world.folder / "figures"
    make_page(["--database", world.database, "--for", QUARTER, "--out", str(out)])
    return next(out.glob("*.html"))


def write(store: Store, at: datetime, entry: Entry) -> None:
    """Add a record as if it were that time."""
    store.now = lambda on: at  # type: ignore[method-assign]
    with store.write() as connection:
        append(store, connection, entry)


def quarter(random: Random) -> Iterator[Told]:
    """What happened: two applications that are deployed a few times a week, of which some fail, are
    rolled back, or need an emergency."""
    for app, pause in (("web", 1.6), ("api", 3.1)):
        at, version = BEGINS + timedelta(hours=9), 0
        while at < ENDS:
            at += timedelta(days=pause * random.uniform(0.5, 1.5))
            at = at.replace(hour=random.randrange(9, 17), minute=random.randrange(60))
            if at.weekday() > 4:
                continue
            drawn, version = random.random(), version + 1
            yield from _deployed(random, app, at, version, "failed" if drawn < 0.05 else "")
            if drawn < 0.05:
                at += timedelta(minutes=random.randrange(15, 90))
                yield from _deployed(random, app, at, version + 1)
                version += 1
            elif drawn < 0.11:
                at += timedelta(minutes=random.randrange(20, 240))
                yield from _deployed(random, app, at, version - 1, "rollback", version)
            elif drawn < 0.14:
                at += timedelta(minutes=random.randrange(30, 400))
                version += 1
                yield from _deployed(random, app, at, version, "emergency deploy")


def _deployed(
    random: Random, app: str, at: datetime, version: int, how: str = "", before: int = -1
) -> Iterator[Told]:
    command = how if how in ("rollback", "emergency deploy") else "deploy"
    before = version - 1 if before < 0 else before
    facts: Dict[str, Any] = {"goes_back": True} if how == "rollback" else {}
    if command != "rollback" and app == "web":
        now = at.replace(tzinfo=timezone.utc).timestamp()
        count = random.randrange(1, 7)
        waited = sorted(random.lognormvariate(2.6, 1.0) * _HOUR for _ in range(count))
        facts["commit_times"] = [int(now - one - 5 * _MINUTE) for one in waited]
    common: Dict[str, Any] = {
        "deployment": f"{random.getrandbits(64):016x}",
        "command": command,
        "requester": "alice",
        "app": app,
        "environment": "production",
        "version": f"v1.{version}.0",
        "version_before": f"v1.{before}.0",
    }
    took = random.uniform(20, 300)
    yield at, Entry(Event.STARTED, **common)
    event = Event.FAILED if how == "failed" else Event.SUCCEEDED
    yield at + timedelta(seconds=took), Entry(event, seconds=took, facts=facts, **common)


if __name__ == "__main__":
    sys.exit(main())
