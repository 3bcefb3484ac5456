"""The page, the CSV and the JSON of delivery figures, and the command line that writes them."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List, Tuple
from xml.etree import ElementTree

import pytest

from opsroom.audit.period import read_period
from opsroom.db.store import Store
from opsroom.metrics.__main__ import main
from opsroom.metrics.compare import buckets, frequency, lead_time, period_before
from opsroom.metrics.model import Bucket, Figures, Reason, Report, Scope
from opsroom.metrics.render import file_name, render
from opsroom.metrics.text import room_text
from opsroom.times.zones import zone
from support.cases import cases
from support.records.ledgers import Book

HOSTILE = '</svg><script>alert(1)</script>"\u202e={{7*7}}'


# test_collect.py reads PostgreSQL too.
pytestmark = pytest.mark.databases("sqlite")


def figures(deployments: int, failed: int = 0, **values: Any) -> Figures:
    made = Figures(days=7.0, deployments=deployments, attempts=deployments + failed, **values)
    for _ in range(failed):
        made.fail(Reason.FAILED)
        made.recoveries.append(600.0)
    made.lead_times.extend([3600.0] * deployments)
    made.lead_known = deployments
    return made


def report(title: str = "web on production", app: str = "web", **values: Any) -> Report:
    period = read_period("2026-11")
    first, second = (datetime(2026, 11, day, tzinfo=timezone.utc).timestamp() for day in (1, 8))
    known: Dict[str, Any] = {
        "scope": Scope(title, "production"),
        "period": period,
        "before": period_before(period, zone("UTC")),
        "now": second,
        "source": "the database file /x",
        "figures": figures(6, 1, redeploys=2),
        "figures_before": figures(3),
        "by_app": {app: figures(6, 1), "api": figures(1)},
        "buckets": (
            Bucket(first, second, "2026-11-01", figures(6, 1)),
            Bucket(second, second + 1, "2026-11-08", Figures(days=1.0)),
        ),
        "notes": ("The period is not over.",),
    }
    return Report(**{**known, **values})


def drawings(page: str) -> List[ElementTree.Element]:
    found = re.findall(r"<svg viewBox=\"0 0 880.*?</svg>", page, re.DOTALL)
    return [ElementTree.fromstring(one) for one in found]


def test_the_page_has_every_figure_with_the_one_before_and_its_definition() -> None:
    page = render(report(), "html").decode()
    for text in (
        "6.0 a week", "before: 3.0 a week", "1 h", "14.3 %", "1 of 7 attempts", "10 min",
        "Deployment rework rate", "The median over all commits",
        "Left out: 2 redeployments of what ran already.", "The period is not over.",
    ):  # fmt: skip
        assert text in page, text
    assert "https://dora.dev/guides/dora-metrics/" in page


def test_no_id_is_on_the_page_twice() -> None:
    ids = re.findall(r'\bid="([^"]+)"', render(report(), "html").decode())
    assert "hatch" in ids
    assert len(ids) == len(set(ids))


def test_the_bars_are_as_high_as_the_numbers() -> None:
    [bars, lead, recovery] = drawings(render(report(), "html").decode())
    drawn = [one for one in bars.iter("rect") if one.get("class") in ("good", "bad")]
    heights = {str(one.get("class")): float(one.get("height", 0)) for one in drawn}
    assert len(drawn) == 2  # nothing is drawn for the week without any
    assert heights["good"] / heights["bad"] == pytest.approx(6.0, rel=0.02)
    assert [len(list(one.iter("circle"))) for one in (lead, recovery)] == [1, 1]


def test_nothing_from_outside_runs_in_the_page() -> None:
    page = render(report(HOSTILE, HOSTILE), "html").decode()
    assert "<script" not in page
    assert "\u202e" not in page
    assert "default-src &#39;none&#39;" in page
    assert drawings(page)


def test_a_page_of_nothing() -> None:
    nothing = report(figures=Figures(), figures_before=Figures(), by_app={}, buckets=())
    page = render(nothing, "html").decode()
    assert "unknown" in page
    assert not drawings(page)
    assert room_text(nothing).endswith("the record knows nothing of that time.")


def test_the_csv_has_a_row_for_each_part() -> None:
    text = render(report(app="=1+1"), "csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [one["rows"] for one in rows] == [
        "period", "before", "application", "application", "part", "part",
    ]  # fmt: skip
    assert rows[2]["application"] == "'=1+1"
    assert (rows[0]["deployments"], rows[0]["failed_by_failed"]) == ("6", "1")
    assert (rows[0]["left_out"], rows[1]["since"]) == ("2", "2026-10-01T00:00:00Z")
    assert rows[5]["lead_time_seconds"] == ""


def test_the_json_has_all_of_it() -> None:
    found = json.loads(render(report(), "json"))
    assert found["opsroom_metrics"] == 1
    assert found["figures"]["fail_rate"] == round(1 / 7, 6)
    assert found["over_time"][0]["figures"]["lead_time_seconds"] == 3600.0
    assert found["over_time"][1]["figures"]["lead_time_seconds"] is None
    assert set(found["definitions"]) == {
        "deployment_frequency", "change_lead_time", "change_fail_rate",
        "failed_deployment_recovery_time", "deployment_rework_rate",
    }  # fmt: skip


def test_what_has_no_room_in_a_message_is_left_out_from_the_end() -> None:
    whole = room_text(report())
    assert whole.endswith("The period is not over.")
    named = room_text(report(f"{'x' * 64} on {'y' * 64}", notes=("z" * 200,)))
    assert len(named) <= 400
    assert "Rework rate" in named
    assert "z" not in named
    short = room_text(report(), 150)
    assert len(short) <= 150
    assert short.split("\n")[0] == whole.split("\n")[0]
    assert len(room_text(report("x" * 500))) <= 400


def test_the_name_of_a_file_is_only_a_name() -> None:
    assert file_name(report("../../etc on production"), "html") == (
        "metrics-2026-11-..-..-etc-on-production.html"
    )


RATES = [
    (0.0, "0 a week"),
    (0.5, "2.2 a month"),
    (1.0, "1.0 a week"),
    (3.25, "3.2 a week"),
    (14.0, "2.0 a day"),
]


@cases(("per_week", "text"), RATES)
def test_a_frequency_is_said_in_the_unit_that_fits(per_week: float, text: str) -> None:
    made = Figures(days=70.0 if per_week else 7.0)
    made.deployments = round(per_week * made.days / 7)
    made.days = made.deployments * 7 / per_week if per_week else 7.0
    assert frequency(made, None).text == text


def test_a_few_minutes_have_no_frequency() -> None:
    """Two deployments in the first five minutes of a record are not 576 a day."""
    assert frequency(Figures(days=5 / 1440, deployments=2), None).text == "unknown"
    assert frequency(Figures(days=0.25, deployments=2), None).text == "8.0 a day"


def test_a_median_of_nothing_is_unknown_and_has_nothing_before() -> None:
    assert lead_time(Figures(), Figures()).text == "unknown"
    assert lead_time(figures(1), Figures()).text == "1 h"


BEFORE = [
    ("2026-Q1", "UTC", "2025-10-01 2026-01-01"),
    ("2026-03", "UTC", "2026-02-01 2026-03-01"),
    ("2026", "UTC", "2025-01-01 2026-01-01"),
    ("2026-11-23", "UTC", "2026-11-22 2026-11-23"),
    ("2026-11-01", "Europe/London", "2026-10-31 2026-11-01"),
]


@cases(("since", "place", "expected"), BEFORE)
def test_the_period_before(since: str, place: str, expected: str) -> None:
    there = zone(place)
    before = period_before(read_period(since, zone=there), there)
    shown = f"{before.since.astimezone(there):%Y-%m-%d} {before.until.astimezone(there):%Y-%m-%d}"
    assert shown == expected


def test_days_before_a_change_of_clocks_are_days() -> None:
    """Clocks went back on 25 October 2026: a week later has begun at another hour."""
    there = zone("Europe/London")
    week = read_period("2026-10-25", "2026-10-31", zone=there)
    assert week.since.isoformat() == "2026-10-24T23:00:00+00:00"
    assert week.until.isoformat() == "2026-11-01T00:00:00+00:00"
    assert period_before(week, there).since.isoformat() == "2026-10-17T23:00:00+00:00"
    after = read_period("2026-11-01", "2026-11-07", zone=there)
    assert period_before(after, there).since == week.since


def edges(since: str, until: str, place: str = "UTC") -> List[Tuple[str, str]]:
    there = zone(place)
    period = read_period(since, until, zone=there)
    parts = buckets(period.since, period.until, there)
    return [(label, f"{after:%m-%d %H}") for _, after, label in parts]


def test_parts_of_a_period_are_whole_days_weeks_and_months() -> None:
    assert [one for one, _ in edges("2026-11-01", "2026-11-03")] == [
        "2026-11-01", "2026-11-02", "2026-11-03",
    ]  # fmt: skip
    weeks = edges("2026-07-01", "2026-09-30")
    assert [one for one, _ in weeks[:3]] == ["2026-07-01", "2026-07-06", "2026-07-13"]
    assert weeks[-1] == ("2026-09-28", "10-01 00")
    assert [one for one, _ in edges("2024-11", "2026-02")][:2] == ["2024-11", "2024-12"]
    assert [one for one, _ in edges("2001", "2026")][:2] == ["2001", "2002"]
    # The day on which clocks go back has 25 hours.
    assert edges("2026-10-24", "2026-10-26", "Europe/London") == [
        ("2026-10-24", "10-24 23"), ("2026-10-25", "10-26 00"), ("2026-10-26", "10-27 00"),
    ]  # fmt: skip


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def record(self, store: Store) -> None:
        book = Book(store, "2020-10-01T00:00:00+00:00")
        book.at("2020-10-01").deployed("d1")
        book.at("2020-11-02").deployed("d2", "v2", "v3")
        book.at("2020-11-03").deployed("d3", app="api", environment="uat")

    def run(self, store_url: str, *arguments: str) -> int:
        return main(["--database", f"{store_url}?mode=ro", "--for", "2020-11", *arguments])

    def test_it_prints_the_figures(self, store_url: str, capsys: Any) -> None:
        assert self.run(store_url) == 0
        told = capsys.readouterr().out
        assert told.startswith("production, November 2020:\nDeployment frequency: 1.")
        assert self.run(store_url, "--of", "api", "--on", "uat") == 0
        assert capsys.readouterr().out.startswith("api on uat, November 2020:")

    @pytest.mark.parametrize("format_", ["html", "csv", "json"])
    def test_it_writes_a_file(
        self, store_url: str, tmp_path: Path, capsys: Any, format_: str
    ) -> None:
        assert self.run(store_url, "--out", str(tmp_path / "out"), "--format", format_) == 0
        [written] = (tmp_path / "out").iterdir()
        assert written.name == f"metrics-2020-11-production.{format_}"
        assert str(written) in capsys.readouterr().out

    def test_it_writes_to_standard_output(self, store_url: str, capsysbinary: Any) -> None:
        assert self.run(store_url, "--out", "-", "--format", "json") == 0
        assert json.loads(capsysbinary.readouterr().out)["figures"]["deployments"] == 1

    def test_what_is_wrong_is_a_sentence(self, store_url: str, capsys: Any) -> None:
        assert main(["--database", store_url, "--for", "soon"]) == 2
        assert "'soon' is no date." in capsys.readouterr().err
        assert self.run(store_url, "--timezone", "Mars/Olympus") == 2
        assert "'Mars/Olympus' is no time zone." in capsys.readouterr().err
