"""The file for Prometheus: what is in it, what it costs, and that Prometheus takes it."""

from __future__ import annotations

import builtins
import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.db.store import open_store
from opsroom.records import chain
from opsroom.records.model import Event
from support.expectations import expect
from support.records.ledgers import Book
from support.records.stores import open_gates, run
from support.worlds.world import World, make_world

pytest.importorskip("prometheus_client")


@pytest.fixture
def world(tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> World:
    made = make_world(tmp_path, store_url)
    made.config["metrics"] = {"folder": str(tmp_path / "textfile")}
    made.config["environments"] = {"test": {}, "uat": {}, "production": {}}
    beside = f"sqlite:///{tmp_path / 'db' / 'opsroom.db'}"
    monkeypatch.setattr("write_metrics.default_database", lambda: beside)
    return made


def written(world: World) -> Dict[str, Any]:
    return world.ask("write_metrics")


def kept_by(world: World) -> Path:
    """The file of the totals."""
    return Path(written(world)["totals"])


def samples(world: World) -> Dict[str, float]:
    """What the file has, by the name and labels as they are written."""
    text = (world.folder / "textfile" / "opsroom.prom").read_text("utf-8")
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            assert name not in found
            found[name] = float(value)
    return found


def of(found: Dict[str, float], name: str, **labels: str) -> float:
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return found[f"opsroom_{name}{{{inside}}}" if inside else f"opsroom_{name}"]


WEB = {"application": "web", "environment": "production"}


def book_of(world: World) -> Book:
    return Book(open_store(world.database))


def test_it_has_what_the_record_has(world: World) -> None:
    book = book_of(world)
    book.deployed("d1")
    book.deployed("d2", "v2", "v3")
    book.write(Event.STARTED, deployment="d3")
    book.write(Event.FAILED, deployment="d3", seconds=3.0)
    book.write(Event.FAILED, deployment="d4")  # never began
    book.deployed("d5", app="gone", environment="attic")
    book.write(Event.DRIFT, deployment="d6", command="drift")
    answer = written(world)
    expect(answer, ok=True, code="metrics_written")
    found = samples(world)
    outcomes = [
        of(found, "deployments_total", **WEB, outcome=one)
        for one in ("succeeded", "failed", "interrupted", "cancelled")
    ]
    assert outcomes == [2, 1, 0, 0]
    other = {"application": "other", "environment": "other"}
    assert of(found, "deployments_total", **other, outcome="succeeded") == 1
    assert of(found, "deployment_duration_seconds_count", **WEB) == 2
    assert of(found, "deployment_duration_seconds_sum", **WEB) == 25.0
    buckets = [of(found, "deployment_duration_seconds_bucket", **WEB, le=one)
               for one in ("5.0", "15.0", "3600.0", "+Inf")]  # fmt: skip
    assert buckets == [0, 2, 2, 2]
    assert (of(found, "drift_total", **WEB), of(found, "drifted", **WEB)) == (1, 1)
    assert of(found, "ledger_records") == answer["records"] == 13
    assert of(found, "ledger_verified") == 1


def test_what_is_open_is_counted_by_environment(world: World) -> None:
    world.config["environments"]["production"] = {"approvals": 1}
    world.config["pagers"] = {"pager": {"kind": "local", "on_call": {"web-team": "alice"}}}
    world.deploy("v1.0.0", "production")
    world.lock(who="alice", app=None)
    found = samples(world) if written(world)["ok"] else {}
    waiting = {"environment": "production", "kind": "approval"}
    assert of(found, "changes_waiting", **waiting) == 1
    assert of(found, "locks", environment="uat") == 1
    assert of(found, "locks", environment="production") == 0
    assert 0 <= of(found, "oldest_waiting_change_age_seconds") < 600
    assert of(found, "pages_unanswered") == of(found, "incidents_open") == 0


def test_it_names_nobody(world: World) -> None:
    world.deploy("v1.0.0", "production")
    world.deploy("v1.1.0", who="mallory")
    written(world)
    text = (world.folder / "textfile" / "opsroom.prom").read_text("utf-8")
    for name in ("alice", "mallory", "v1.0.0"):
        assert name not in text


def test_the_next_run_reads_only_what_is_new(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    book = book_of(world)
    for number in range(5):
        book.deployed(f"d{number}", f"v{number}", f"v{number + 1}")
    assert written(world)["new_records"] == 15
    verified: List[int] = []
    confirm = chain._Walk.confirm

    def counted(walk: Any, documents: Any) -> bool:
        done = confirm(walk, documents)
        verified.append(walk._records)
        return done

    monkeypatch.setattr(chain._Walk, "confirm", counted)
    book.deployed("d9", "v5", "v6")
    assert written(world)["new_records"] == 3
    assert verified == [3]
    assert of(samples(world), "deployments_total", **WEB, outcome="succeeded") == 6
    assert written(world)["new_records"] == 0
    assert of(samples(world), "deployments_total", **WEB, outcome="succeeded") == 6
    kept_by(world).unlink()
    assert written(world)["new_records"] == 18
    assert of(samples(world), "deployments_total", **WEB, outcome="succeeded") == 6


def test_totals_that_are_no_totals_are_counted_anew(world: World) -> None:
    book_of(world).deployed("d1")
    written(world)
    kept = kept_by(world)
    for content in ("", "[]", '{"format": 1}', '{"format": 99, "record": 3}', "\xff"):
        kept.write_text(content)
        assert written(world)["new_records"] == 3
        assert json.loads(kept.read_text())["record"] == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET version = 'v9' WHERE seq = 5",
        "UPDATE ledger SET hash = 'x' WHERE seq = 3",
        "DELETE FROM ledger WHERE seq > 2",
        "DELETE FROM ledger WHERE seq = 5",
    ],
)
def test_a_record_that_does_not_hold_shows(world: World, statement: str) -> None:
    book = book_of(world)
    book.deployed("d1")
    assert written(world)["verified"] is True
    book.deployed("d2", "v2", "v3")
    open_gates(book.store)
    run(book.store, statement)
    for _ in range(2):
        answer = written(world)
        expect(answer, ok=True, verified=False)
        assert "does NOT hold: Record" in answer["message"]
        found = samples(world)
        assert of(found, "ledger_verified") == 0
        # What was counted before stays: a counter never goes back.
        assert of(found, "deployments_total", **WEB, outcome="succeeded") == 1


def test_a_place_with_a_deployment_since_has_no_drift(world: World) -> None:
    book = book_of(world)
    book.write(Event.DRIFT, deployment="d1", command="drift")
    written(world)
    assert of(samples(world), "drifted", **WEB) == 1
    book.deployed("d2")
    written(world)
    assert of(samples(world), "drifted", **WEB) == 0
    assert of(samples(world), "drift_total", **WEB) == 1


def test_everyone_on_the_machine_may_read_it_and_nobody_half_of_it(world: World) -> None:
    book_of(world).deployed("d1")
    written(world)
    folder = world.folder / "textfile"
    assert (folder / "opsroom.prom").stat().st_mode & 0o777 == 0o644
    assert [one.name for one in folder.glob("*.prom")] == ["opsroom.prom"]
    assert kept_by(world).stat().st_mode & 0o777 == 0o640


@pytest.mark.databases("sqlite")
def test_of_many_at_once_none_takes_a_counter_back(world: World) -> None:
    book = book_of(world)
    book.deployed("d1")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: written(world), range(4)))
    assert {one["code"] for one in answers} <= {"metrics_written", "nothing_new"}
    assert sum(one.get("new_records", 0) for one in answers) == 3


def test_without_a_folder_it_says_what_to_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any, **named: Any) -> Any:
        if name.startswith("prometheus_client"):
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    answer = written(world)
    expect(answer, outcome="refused", code="not_configured")
    assert "requirements-metrics.txt" in answer["hint"]
    del world.config["metrics"]
    answer = written(world)
    assert "No folder is configured" in answer["message"]
    assert "metrics: {folder:" in answer["hint"].replace("{ folder", "{folder")


def test_promtool_has_no_complaint(world: World) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; Debian has it in the package prometheus")
    book = book_of(world)
    book.deployed("d1")
    written(world)
    content = (world.folder / "textfile" / "opsroom.prom").read_bytes()
    done = subprocess.run(
        [promtool, "check", "metrics"], input=content, capture_output=True, check=False
    )
    expect(done, returncode=0, stdout=b"", stderr=b"")
    # It would have one about a name that is none of Prometheus' conventions.
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=b"# TYPE opsroom_x counter\nopsroom_x 1\n",
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
