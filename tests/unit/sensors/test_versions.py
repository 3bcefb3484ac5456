"""What a look at a version leads to: whose change it was, what is drift, and what is
unreachable."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.db.store import Store
from opsroom.records import claims
from opsroom.records.model import Event
from opsroom.versions import Running
from support.records.stores import entry, fill, rows, run
from support.stackstorm.sensors import DOWN, Place, handed_out, triggers

pytestmark = pytest.mark.databases("sqlite")


@pytest.fixture
def place(store: Store) -> Place:
    return Place(store)


def deployed(
    store: Store, version: str, id: str = "d1", event: Event = Event.SUCCEEDED, **more: Any
) -> None:
    fill(store, entry(event, deployment=id, version=version, **more))


def claimed(store: Store, version: str, id: str = "d1", lease: float = 60.0) -> None:
    with store.write() as connection:
        assert (
            claims.take(
                store,
                connection,
                claims.Claim("web", "uat", id, "deploy", "bob", version=version),
                lease,
            )
            is None
        )


def released(store: Store, id: str = "d1") -> None:
    with store.write() as connection:
        claims.release(connection, id)


def test_the_first_look_tells_nothing(place: Place) -> None:
    assert place.look("v1") == []
    assert place.look("v1") == []


def test_a_change_by_a_deployment_names_it_and_who_asked(place: Place) -> None:
    place.look("v1")
    deployed(place.store, "v2", "d7")
    assert place.look("v2") == [
        (
            "version_changed",
            {
                "app": "web", "environment": "uat", "version": "v2", "version_before": "v1",
                "by": "alice",
                "deployment": "d7", "asked_at": "2026-11-23T12:02:00Z",
            },
        )
    ]  # fmt: skip
    assert place.look("v2") == []


def test_a_change_behind_opsrooms_back_is_drift_and_so_is_the_change_back(place: Place) -> None:
    place.look("v1")
    deployed(place.store, "v2")
    place.look("v2")
    drift = place.look("v3")
    place_of = {"app": "web", "environment": "uat"}
    assert drift == [
        ("version_unknown_change",
         {**place_of, "version": "v3", "version_before": "v2", "asked_at": "2026-11-23T12:03:00Z"})
    ]  # fmt: skip
    assert triggers(place.look("v2")) == ["version_unknown_change"]


def test_another_commit_under_the_same_name_is_a_change(place: Place) -> None:
    one, other, third = (Running("v1", letter * 40) for letter in "abc")
    place.look(one)
    assert place.look(Running("v1")) == place.look(one) == []
    assert triggers(place.look(other)) == ["version_unknown_change"]
    deployed(place.store, "v1", facts={"commit": third.commit, "commit_before": other.commit})
    assert triggers(place.look(third)) == ["version_changed"]
    # The record has that name too, but of another commit.
    assert triggers(place.look(one)) == ["version_unknown_change"]


def test_a_deployment_of_before_the_first_look_explains_no_later_change(place: Place) -> None:
    deployed(place.store, "v2")
    place.look("v1")
    assert triggers(place.look("v2")) == ["version_unknown_change"]


def test_a_running_deployment_of_that_version_is_who_did_it(place: Place) -> None:
    place.look("v1")
    claimed(place.store, "v2", "d7")
    ((trigger, payload),) = place.look("v2")
    assert (trigger, payload["by"], payload["deployment"]) == ("version_changed", "bob", "d7")
    deployed(place.store, "v2", "d7")
    released(place.store, "d7")
    assert place.look("v2") == []
    assert triggers(place.look("v1")) == ["version_unknown_change"]
    assert triggers(place.look("v2")) == ["version_unknown_change"], (
        "its deployment explained one change already"
    )


def test_while_a_deployment_is_at_it_another_version_is_no_drift_until_it_has_ended(
    place: Place,
) -> None:
    place.look("v1")
    claimed(place.store, "v2")
    assert place.look("half-way") == []
    deployed(place.store, "v2")
    released(place.store)
    assert triggers(place.look("half-way")) == ["version_unknown_change"]


def test_what_is_half_way_and_then_gets_there_is_one_change(place: Place) -> None:
    place.look("v1")
    claimed(place.store, "v2")
    place.look("half-way")
    deployed(place.store, "v2")
    released(place.store)
    ((trigger, payload),) = place.look("v2")
    assert (trigger, payload["version_before"]) == ("version_changed", "v1")


def test_a_dead_runners_deployment_is_who_did_it_and_keeps_no_drift_back(place: Place) -> None:
    place.look("v1")
    claimed(place.store, "v2")
    run(place.store, "UPDATE claims SET lease_until = '2000-01-01T00:00:00.000000+00:00'")
    assert triggers(place.look("v3")) == ["version_unknown_change"]
    assert triggers(place.look("v2")) == ["version_changed"]


@pytest.mark.parametrize("event", [Event.FAILED, Event.INTERRUPTED])
def test_a_deployment_that_failed_after_it_was_in_place_is_who_did_it(
    place: Place, event: Event
) -> None:
    place.look("v1")
    deployed(place.store, "v2", "d7", event)
    assert triggers(place.look("v2")) == ["version_changed"]


def test_a_deployment_that_failed_and_put_back_what_was_there_is_who_did_it(place: Place) -> None:
    place.look("v1")
    claimed(place.store, "v2", "d7")
    assert triggers(place.look("v2")) == ["version_changed"]
    deployed(place.store, "v2", "d7", Event.FAILED, version_before="v1")
    released(place.store, "d7")
    ((trigger, payload),) = place.look("v1")
    assert (trigger, payload["deployment"]) == ("version_changed", "d7")


def test_of_several_deployments_since_the_last_look_the_one_that_put_it_there_is_named(
    place: Place,
) -> None:
    place.look("v1")
    deployed(place.store, "v2", "d2")
    deployed(place.store, "v3", "d3", Event.FAILED, version_before="v2")
    ((_, payload),) = place.look("v2")
    assert payload["deployment"] == "d2"


def test_a_deployment_of_another_place_explains_nothing(place: Place) -> None:
    place.look("v1")
    deployed(place.store, "v2", environment="test")
    deployed(place.store, "v2", app="shop")
    assert triggers(place.look("v2")) == ["version_unknown_change"]


def test_a_commit_that_runs_is_known_by_the_commit_of_the_record(place: Place) -> None:
    place.look("v1")
    deployed(
        place.store, "release-2", "d7", facts={"commit": "0123456789abcdef0123456789abcdef01234567"}
    )
    assert triggers(place.look("0123456789ab")) == ["version_changed"]


def test_one_version_in_two_spellings_is_no_change(place: Place) -> None:
    place.look("v1.0")
    assert place.look("1.0") == []


def test_from_nothing_to_something_and_back_is_a_change(place: Place) -> None:
    place.look("")
    assert place.look("") == []
    assert triggers(place.look("v1")) == ["version_unknown_change"]
    assert triggers(place.look("")) == ["version_unknown_change"]


def test_unreachable_is_told_once_after_so_many_misses_and_since_when(place: Place) -> None:
    place.look("v1")
    assert place.look(DOWN) == place.look(DOWN) == []
    assert place.look(DOWN) == [
        ("unreachable",
         {"app": "web", "environment": "uat", "since": "2026-11-23T12:02:00Z",
          "code": "unreachable"})
    ]  # fmt: skip
    assert place.look(DOWN) == []
    place.restart()
    assert [place.look(DOWN) for _ in range(4)] == [[], [], [], []]
    assert place.look("v1") == [
        ("reachable",
         {"app": "web", "environment": "uat", "since": "2026-11-23T12:02:00Z",
          "asked_at": "2026-11-23T12:10:00Z"})
    ]  # fmt: skip
    assert place.look("v1") == []


def test_misses_with_an_answer_in_between_are_not_in_a_row(place: Place) -> None:
    place.look("v1")
    for found in (DOWN, DOWN, "v1", DOWN, DOWN, "v1"):
        assert place.look(found) == []


def test_back_with_another_version_is_told_as_both(place: Place) -> None:
    place.look("v1")
    for _ in range(3):
        place.look(DOWN)
    assert triggers(place.look("v2")) == ["reachable", "version_unknown_change"]


def test_back_while_a_deployment_is_half_way_tells_that_it_is_back_and_keeps_the_rest(
    place: Place,
) -> None:
    place.look("v1")
    for _ in range(3):
        place.look(DOWN)
    claimed(place.store, "v2")
    assert triggers(place.look("half-way")) == ["reachable"]
    deployed(place.store, "v2")
    released(place.store)
    ((trigger, payload),) = place.look("v2")
    assert (trigger, payload["version_before"]) == ("version_changed", "v1")


def test_what_never_answered_is_unreachable_and_its_first_answer_no_change(place: Place) -> None:
    deployed(place.store, "v1")
    assert [triggers(place.look(DOWN)) for _ in range(3)] == [[], [], ["unreachable"]]
    assert triggers(place.look("v1")) == ["reachable"]
    assert triggers(place.look("v0")) == ["version_unknown_change"]
    assert triggers(place.look("v1")) == ["version_unknown_change"]


def test_a_change_during_a_restart_is_told_afterwards(place: Place) -> None:
    place.look("v1")
    deployed(place.store, "v2")
    later = Place(place.store)
    assert triggers(later.look("v2")) == ["version_changed"]


def test_a_source_that_points_elsewhere_is_looked_at_for_the_first_time(place: Place) -> None:
    place.look("v1")
    elsewhere = Place(place.store, url="http://other.example.com/")
    assert elsewhere.look("v9") == []
    assert triggers(elsewhere.look("v8")) == ["version_unknown_change"]


@pytest.mark.databases("sqlite", "postgresql")
def test_of_two_sensors_that_see_the_same_change_one_tells_it(place: Place) -> None:
    place.look("v1")
    other = Place(place.store)
    seen = [place.source, other.source]
    place.answer = other.answer = Running("v2")
    looks = [source.look() for source in seen]
    noted = [source.note(*look) for source, look in zip(seen, looks)]
    assert [one.news for one in noted] == [1, 0]
    assert triggers(handed_out(place.store)) == ["version_unknown_change"]
    assert place.look("v2") == other.look("v2") == []


def test_a_sensor_that_missed_a_change_tells_the_next_one_from_where_it_really_was(
    place: Place,
) -> None:
    place.look("v1")
    other = Place(place.store)
    assert triggers(place.look("v2")) == ["version_unknown_change"]
    assert other.look("v3") == [], "it knew v1 only: it asks again before it says anything"
    ((_, payload),) = other.look("v3")
    assert (payload["version_before"], payload["version"]) == ("v2", "v3")


def test_an_answer_from_before_a_change_that_another_sensor_saw_undoes_nothing(
    place: Place,
) -> None:
    place.look("v1")
    slow = Place(place.store)
    slow.answer = Running("v1")
    late = slow.source.look()
    assert triggers(place.look("v2")) == ["version_unknown_change"]
    slow.source.note(*late)
    slow.restart()
    assert slow.source.note(late[0], late[1]).pause == 0.0, "it is asked again, and soon"
    assert handed_out(place.store) == []


@pytest.mark.databases("sqlite", "postgresql")
def test_nothing_is_written_while_nothing_changes(place: Place) -> None:
    place.look("v1")
    before = rows(place.store, "SELECT revision, changed_at FROM watched")
    for _ in range(3):
        place.look("v1")
    assert rows(place.store, "SELECT revision, changed_at FROM watched") == before


@pytest.mark.databases("sqlite", "postgresql")
def test_no_option_of_a_source_can_be_read_from_what_is_remembered(store: Store) -> None:
    Place(store, url="https://user:hunter2secret@web.example.com/").look("v1")
    ((state,),) = rows(store, "SELECT state FROM watched")
    assert "hunter2" not in state
    assert "example.com" not in state


def test_a_name_from_outside_is_told_without_expressions(place: Place) -> None:
    place.look("v1")
    deployed(place.store, "v2", requester="{{ st2kv.system.x }}")
    ((_, payload),) = place.look("v2")
    assert "{{" not in payload["by"]
