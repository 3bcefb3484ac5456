"""What a clock's reading means on the days when clocks change."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.times.zones import UTC, at, is_zone, zone
from support.cases import cases

LIBRARY = Path(__file__).resolve().parents[3] / "actions" / "lib"
LONDON, NEW_YORK, LORD_HOWE, APIA = (
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)


@cases(
    ("place", "clock", "early", "late"),
    [
        ("UTC", "2026-03-29 01:30", "2026-03-29 01:30:00", "2026-03-29 01:30:00"),
        # Forward: 01:00 becomes 02:00. What is skipped means the moment of the change.
        (LONDON, "2026-03-29 00:59", "2026-03-29 00:59:00", "2026-03-29 00:59:00"),
        (LONDON, "2026-03-29 01:00", "2026-03-29 01:00:00", "2026-03-29 01:00:00"),
        (LONDON, "2026-03-29 01:30", "2026-03-29 01:00:00", "2026-03-29 01:00:00"),
        (LONDON, "2026-03-29 01:59", "2026-03-29 01:00:00", "2026-03-29 01:00:00"),
        (LONDON, "2026-03-29 02:00", "2026-03-29 01:00:00", "2026-03-29 01:00:00"),
        (LONDON, "2026-03-29 02:01", "2026-03-29 01:01:00", "2026-03-29 01:01:00"),
        # Back: 02:00 becomes 01:00. What comes twice is either.
        (LONDON, "2026-10-25 00:59", "2026-10-24 23:59:00", "2026-10-24 23:59:00"),
        (LONDON, "2026-10-25 01:00", "2026-10-25 00:00:00", "2026-10-25 01:00:00"),
        (LONDON, "2026-10-25 01:30", "2026-10-25 00:30:00", "2026-10-25 01:30:00"),
        (LONDON, "2026-10-25 02:00", "2026-10-25 02:00:00", "2026-10-25 02:00:00"),
        (NEW_YORK, "2026-03-08 01:59", "2026-03-08 06:59:00", "2026-03-08 06:59:00"),
        (NEW_YORK, "2026-03-08 02:30", "2026-03-08 07:00:00", "2026-03-08 07:00:00"),
        (NEW_YORK, "2026-03-08 03:00", "2026-03-08 07:00:00", "2026-03-08 07:00:00"),
        (NEW_YORK, "2026-11-01 01:30", "2026-11-01 05:30:00", "2026-11-01 06:30:00"),
        (NEW_YORK, "2026-11-01 02:00", "2026-11-01 07:00:00", "2026-11-01 07:00:00"),
        # Half an hour, and a whole day.
        (LORD_HOWE, "2026-10-04 02:15", "2026-10-03 15:30:00", "2026-10-03 15:30:00"),
        (APIA, "2011-12-30 12:00", "2011-12-30 10:00:00", "2011-12-30 10:00:00"),
    ],
)
def test_a_reading_that_is_skipped_means_the_change_and_one_that_comes_twice_either(
    place: str, clock: str, early: str, late: str
) -> None:
    reading = datetime.fromisoformat(clock)
    assert at(reading, zone(place)) == datetime.fromisoformat(early).replace(tzinfo=UTC)
    assert at(reading, zone(place), late=True) == datetime.fromisoformat(late).replace(tzinfo=UTC)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 1)),
    st.sampled_from([LONDON, NEW_YORK, LORD_HOWE, "UTC"]),
)
def test_the_moment_shows_that_reading_again_unless_it_was_skipped(
    clock: datetime, place: str
) -> None:
    clock = clock.replace(microsecond=0)
    early, late = at(clock, zone(place)), at(clock, zone(place), late=True)
    assert early <= late
    shown = [one.astimezone(zone(place)).replace(tzinfo=None) for one in (early, late)]
    if shown != [clock, clock]:
        # Just before the change the clock shows less, just at it more.
        before = (early - timedelta(seconds=1)).astimezone(zone(place)).replace(tzinfo=None)
        assert early == late
        assert before < clock <= shown[0]


@cases(
    "name", ["", "Mars/Phobos", "Europe", "../../etc/passwd", "/etc/localtime", "Europe/London\n"]
)
def test_what_is_no_zone_is_told_apart_whatever_lies_under_that_name(name: str) -> None:
    assert not is_zone(name)
    with pytest.raises(ValueError, match=f"^{re.escape(name)}"):
        zone(name)


def test_no_time_zone_database_is_loaded_for_utc() -> None:
    script = (
        "import sys; from opsroom.times.zones import zone; zone('UTC'); print('zoneinfo' in "
        "sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=LIBRARY, check=True
    )
    assert done.stdout.strip() == "False"
