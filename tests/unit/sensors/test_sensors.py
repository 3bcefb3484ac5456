"""The sensors as StackStorm loads them: their metadata, and what they hand on, without a
StackStorm."""

from __future__ import annotations

import ast
import importlib
import json
import logging
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Dict, Iterator, List, Tuple

import jsonschema
import pytest

from opsroom.db.store import Store
from opsroom.errors import Code, Failure
from opsroom.records.model import Event
from opsroom.sensors import sources
from support.cases import cases
from support.metadata import metadata
from support.records.stores import entry, fill
from support.servers.http import HttpServer, Reply
from support.stackstorm.sensors import NOON, Pager, Place, Room, Tracker, triggers, watch_cards

pytestmark = pytest.mark.databases("sqlite")


ROOT = Path(__file__).resolve().parents[3]
SENSORS = metadata("sensors")
TRIGGERS = {one["name"]: one for sensor in SENSORS.values() for one in sensor["trigger_types"]}


class Sensor:
    """What StackStorm's own class gives a sensor."""

    def __init__(self, sensor_service: Any, config: Any = None) -> None:
        self.sensor_service, self.config = sensor_service, config


class Service:
    """StackStorm's side of a sensor; its client is st2client's, of which address and token are
    taken."""

    def __init__(self, api: str = "") -> None:
        self.dispatched: List[Tuple[str, Dict[str, Any], str]] = []
        client = SimpleNamespace(endpoints={"api": api}, token="of-the-sensor")
        self.datastore_service = SimpleNamespace(get_api_client=lambda: client)

    def dispatch(self, trigger: str, payload: Dict[str, Any], trace_tag: str) -> None:
        self.dispatched.append((trigger, payload, trace_tag))

    def get_logger(self, name: str) -> logging.Logger:
        return logging.getLogger(name)


@pytest.fixture
def sensors(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The modules of the sensors, with a stand-in for StackStorm and without actions/lib on the
    path."""
    for name in ("st2reactor", "st2reactor.sensor", "st2reactor.sensor.base"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["st2reactor.sensor.base"].Sensor = Sensor
    library = str(ROOT / "actions" / "lib")
    monkeypatch.setattr(
        sys, "path", [str(ROOT / "sensors"), *(one for one in sys.path if one != library)]
    )
    names = [*SENSORS, "opsroom_sensor"]
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield SimpleNamespace(**{name: importlib.import_module(name) for name in names})
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", SENSORS)
def test_a_sensor_is_the_class_that_its_metadata_names(sensors: Any, name: str) -> None:
    assert SENSORS[name]["entry_point"] == f"{name}.py"
    class_ = getattr(getattr(sensors, name), SENSORS[name]["class_name"])
    assert class_.__module__ == name, "StackStorm takes no class that comes from another module"
    assert issubclass(class_, Sensor)
    assert callable(getattr(sources, class_.sources))


def test_a_sensor_finds_the_library_without_any_help(sensors: Any) -> None:
    assert sys.path[0] == str(ROOT / "actions" / "lib")


@cases("name", TRIGGERS)
def test_every_key_of_a_payload_is_a_text_that_is_explained(name: str) -> None:
    schema = TRIGGERS[name]["payload_schema"]
    assert schema["additionalProperties"] is False
    assert "event" in schema["properties"]
    for one in schema["properties"].values():
        assert one["type"] == "string"
        assert re.match(r"[A-Z].*\.$", one["description"])
    assert re.match(r"[A-Z].*\.$", TRIGGERS[name]["description"])


def test_the_documentation_names_every_trigger_and_every_key() -> None:
    text = (ROOT / "docs" / "sensors.md").read_text("utf-8")
    for name, one in TRIGGERS.items():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `opsroom.{name}` |")]
        assert set(re.findall(r"`(\w+)`", row)) - {name} == set(
            one["payload_schema"]["properties"]
        ) - {"event"}


def test_what_is_told_of_versions_fits_the_triggers(store: Store) -> None:
    place, found = Place(store, misses=1), []
    place.look("v1")
    fill(store, entry(Event.SUCCEEDED, deployment="d1", version="v2"))
    for seen in ("v2", "v3", Failure(Code.TIMED_OUT, "No answer."), "v3"):
        found += place.look(seen)
    assert triggers(found) == [
        "version_changed",
        "version_unknown_change",
        "unreachable",
        "reachable",
    ]
    for trigger, payload in found:
        fits(trigger, {**payload, "event": "e"})


def test_what_is_told_of_cards_and_pages_fits_the_triggers(store: Store) -> None:
    from opsroom.config.model import Kind
    from opsroom.pagers import State
    from opsroom.sensors.integrations import WatchedPages
    from opsroom.trackers import CardEvent, EventKind

    cards, tracker = Room(store, "cards:"), Tracker()
    watch_cards(cards, jira=tracker)
    cards.passes(60)
    tracker.made = [
        CardEvent(what.value, what, "OPS-1", NOON, "To do", "Doing") for what in EventKind
    ]
    cards.passes(60)
    pages, pager = Room(store, "pages:"), Pager()
    pages.watch.set([WatchedPages("log", Kind("local", None), lambda: pager, 30.0)])
    pages.passes(30)
    for state in (State.ACKNOWLEDGED, State.RESOLVED):
        pager.stands("1", state, "Alice")
        pages.passes(30)
    found = cards.dispatched + pages.dispatched
    assert [one[0] for one in found] == [
        name for name in TRIGGERS if name.startswith(("card_", "page_"))
    ]
    for trigger, payload, _ in found:
        fits(trigger, payload)


def fits(trigger: str, payload: Any) -> None:
    schema = TRIGGERS[trigger]["payload_schema"]
    jsonschema.validate(payload, schema)
    assert set(payload) == set(schema["properties"])


def test_a_sensor_hands_on_what_changed_with_a_trace_of_its_own(
    sensors: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with HttpServer() as api:
        service = Service(api.url("/v1"))
        api.on("/v1/triggerinstances", lambda _: Reply(body=json.dumps(processed(service))))
        watch_a_version(sensors, monkeypatch, tmp_path, service)
        ((trigger, payload, tag),) = service.dispatched
        assert {one.headers["x-auth-token"] for one in api.requests} == {"of-the-sensor"}
    assert trigger == "opsroom.version_unknown_change"
    assert payload["version"] == "v1"
    assert payload["event"] == tag


def processed(service: Service) -> List[Dict[str, Any]]:
    return [{"payload": payload} for _, payload, _ in service.dispatched]


def watch_a_version(
    sensors: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, service: Service
) -> None:
    sensor = sensors.version_sensor.VersionSensor(sensor_service=service, config={})
    config = {
        "database": f"sqlite:///{tmp_path}/a.db",
        "environments": {"uat": {}},
        "apps": {"web": {"version": {"kind": "directory", "path": str(tmp_path / "{app}")}}},
        "watching": {"versions": "5s"},
    }
    monkeypatch.setattr(sensors.opsroom_sensor, "read_config", lambda: config)
    sensor.setup()
    (tmp_path / "web" / "v1").mkdir(parents=True)
    runner = sensor._runner
    now = [0.0]
    runner._clock = lambda: now[0]
    runner._pool = lambda: SimpleNamespace(start=lambda job: job(), stop=lambda: None)
    for second in range(1, 12):
        now[0] = float(second)
        if second == 6:
            (tmp_path / "web" / "current").symlink_to("v1")
        runner.step()
    sensor.cleanup()


def test_the_library_behind_the_sensors_knows_nothing_of_stackstorm() -> None:
    paths = list((ROOT / "actions" / "lib" / "opsroom" / "sensors").glob("*.py"))
    assert paths
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [one for one in names if one.startswith("st2") or one.endswith("action")], (
                path
            )
