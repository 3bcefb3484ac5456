"""The figures of histories: some that a person can reckon, and hundreds against a slow and obvious
reckoning."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.metrics.figures import WINDOW, Calculation, kind_of
from opsroom.metrics.model import End, Figures, IncidentRecord, Kind, Scope
from support.cases import cases
from support.metrics.slow_figures import slow_figures

HOUR = 3600.0
SCOPE = Scope("production", "production", None, {"web": "web", "api": "api", "web-team": "web"})
ALL = (0.0, 1000 * HOUR)


def end(
    seq: int, hour: float, version: str, before: str, event: str = "succeeded", **values: Any
) -> End:
    """An end of web on production, so many hours after the beginning."""
    known: Dict[str, Any] = {"app": "web", "environment": "production", "command": "deploy"}
    known.update(version_before=before, version=version)
    return End(seq, hour * HOUR, event, **{**known, **values})


def rollback(seq: int, hour: float, version: str, before: str, **values: Any) -> End:
    return end(seq, hour, version, before, command="rollback", **values)


def emergency(seq: int, hour: float, version: str, before: str, **values: Any) -> End:
    return end(seq, hour, version, before, command="emergency deploy", **values)


def declared(seq: int, hour: float, id: str = "I1", app: str = "web", who: str = "") -> Any:
    return IncidentRecord(seq, hour * HOUR, True, id, app, who)


def closed(seq: int, hour: float, id: str = "I1") -> IncidentRecord:
    return IncidentRecord(seq, hour * HOUR, False, id)


def counted(
    *events: Any, scope: Scope = SCOPE, spans: Sequence[Tuple[float, float]] = (ALL,)
) -> List[Figures]:
    """The figures of each span, of all applications together."""
    calculation = Calculation(scope, spans)
    ends = [one for one in events if isinstance(one, End)]
    incidents = [one for one in events if isinstance(one, IncidentRecord)]
    calculation.run(ends, incidents)
    found = []
    for by_app in calculation.spans:
        total = Figures(days=1.0)
        for one in by_app.values():
            total.add(one)
        found.append(total)
    return found


def shown(figures: Figures) -> Dict[str, Any]:
    return {
        "deployments": figures.deployments,
        "attempts": figures.attempts,
        "ways": {reason.value: count for reason, count in figures.intervened.items()},
        "recoveries": sorted(figures.recoveries),
        "recovery_time": figures.recovery_time,
        "unrecovered": figures.unrecovered,
        "lead_time": figures.lead_time,
        "lead_known": figures.lead_known,
        "rollbacks": figures.rollbacks,
        "rework": figures.rework,
        "emergencies": figures.emergencies,
        "redeploys": figures.redeploys,
        "untouched": figures.untouched,
        "cancelled": figures.cancelled,
    }


def gist(*events: Any) -> Tuple[int, int, Dict[str, int], List[float]]:
    """Deployments, attempts, what needed intervention and why, and recoveries in hours."""
    [figures] = counted(*events)
    ways = shown(figures)["ways"]
    hours = [one / HOUR for one in sorted(figures.recoveries)]
    return figures.deployments, figures.attempts, ways, hours


KINDS = [
    (end(1, 0, "v2", "v1"), Kind.CHANGE),
    (end(1, 0, "v1", ""), Kind.CHANGE),
    (end(1, 0, "v1", "v1", command="redeploy"), Kind.REDEPLOY),
    (end(1, 0, "1.0", "v1.0"), Kind.REDEPLOY),
    # A tag that was moved is another version.
    (end(1, 0, "v1", "v1", commit="a" * 40, commit_before="b" * 40), Kind.CHANGE),
    (rollback(1, 0, "v1", "v2"), Kind.BACK),
    (end(1, 0, "v1", "v2", goes_back=True), Kind.BACK),
    (end(1, 0, "v2", "v1", "cancelled"), Kind.CANCELLED),
    (end(1, 0, "v2", "v1", "failed"), Kind.FAILED),
    (end(1, 0, "v2", "v1", "failed", running="unknown"), Kind.FAILED),
    (end(1, 0, "v2", "v1", "failed", running="v2"), Kind.FAILED),
    (end(1, 0, "v2", "v1", "failed", running=""), Kind.FAILED),
    (end(1, 0, "v2", "v1", "failed", running="v1"), Kind.UNTOUCHED),
    (end(1, 0, "v2", "", "failed", running=""), Kind.UNTOUCHED),
    (end(1, 0, "v2", "v1", "interrupted", running="v1"), Kind.UNTOUCHED),
    (end(1, 0, "v2", "v1", "interrupted", running="v2"), Kind.CHANGE),
    (rollback(1, 0, "v1", "v2", event="interrupted", running="v1"), Kind.BACK),
    (rollback(1, 0, "v1", "v2", event="failed", running="unknown"), Kind.OTHER),
    (end(1, 0, "v1", "v1", "failed"), Kind.OTHER),
    (end(1, 0, "v1", "v1", "interrupted", running="v1"), Kind.UNTOUCHED),
]


@cases(("ended", "kind"), KINDS)
def test_what_an_end_means(ended: End, kind: Kind) -> None:
    assert kind_of(ended) is kind


STORIES = {
    "nothing": ([], (0, 0, {}, [])),
    "all is well": ([end(1, 0, "v1", ""), end(2, 5, "v2", "v1")], (2, 2, {}, [])),
    "a rollback shows that the change was bad, and repairs it": (
        [end(1, 0, "v2", "v1"), rollback(2, 3, "v1", "v2")],
        (1, 1, {"rolled_back": 1}, [3.0]),
    ),
    "a rollback a month later too": (
        [end(1, 0, "v2", "v1"), rollback(2, 720, "v1", "v2")],
        (1, 1, {"rolled_back": 1}, [720.0]),
    ),
    "a rollback of a rollback goes one further": (
        [
            end(1, 0, "v1", "v0"),
            end(2, 1, "v2", "v1"),
            rollback(3, 2, "v1", "v2"),
            rollback(4, 3, "v0", "v1"),
        ],
        (2, 2, {"rolled_back": 2}, [1.0, 3.0]),
    ),
    "a rollback from what others put there blames nobody": (
        [end(1, 0, "v2", "v1"), rollback(2, 3, "v1", "v9")],
        (1, 1, {}, []),
    ),
    "what failed is recovered from by whatever comes next": (
        [end(1, 0, "v1", ""), end(2, 1, "v2", "v1", "failed"), end(3, 1.5, "v3", "v1")],
        (2, 3, {"failed": 1}, [0.5]),
    ),
    "a redeployment recovers as well, and is no deployment": (
        [end(1, 0, "v1", ""), end(2, 1, "v2", "v1", "failed"), end(3, 2, "v1", "v1")],
        (1, 2, {"failed": 1}, [1.0]),
    ),
    "a rollback from what failed does not blame what ran before": (
        [end(1, 0, "v1", ""), end(2, 1, "v2", "v1", "failed"), rollback(3, 2, "v1", "v2")],
        (1, 2, {"failed": 1}, [1.0]),
    ),
    "nor does one that could not see what ran": (
        [end(1, 0, "v1", ""), end(2, 1, "v2", "v1", "failed"), rollback(3, 2, "v1", "")],
        (1, 2, {"failed": 1}, [1.0]),
    ),
    "what had failed before the latest change is in nobody's way": (
        [
            end(1, 0, "v2", "v1", "failed"),
            end(2, 1, "v3", "v1"),
            rollback(3, 2, "v1", ""),
        ],
        (1, 2, {"failed": 1, "rolled_back": 1}, [1.0, 1.0]),
    ),
    "what failed and was not repaired has no recovery": (
        [end(1, 0, "v1", ""), end(2, 1, "v2", "v1", "interrupted", running="unknown")],
        (1, 2, {"failed": 1}, []),
    ),
    "an emergency shows that the change before it was bad": (
        [end(1, 0, "v1", ""), end(2, 1, "v2", "v1"), emergency(3, 3, "v3", "v2")],
        (3, 3, {"emergency": 1}, [2.0]),
    ),
    "one that fails as well leaves it broken": (
        [end(1, 0, "v1", ""), emergency(2, 1, "v2", "v1", event="failed"), end(3, 4, "v3", "v1")],
        (2, 3, {"failed": 1, "emergency": 1}, [3.0, 4.0]),
    ),
    "a day later, to the second, is within a day": (
        [end(1, 0, "v1", ""), emergency(2, 24, "v2", "v1")],
        (2, 2, {"emergency": 1}, [24.0]),
    ),
    "not where that had been well for more than a day": (
        [end(1, 0, "v1", ""), emergency(2, 24.1, "v2", "v1")],
        (2, 2, {}, []),
    ),
    "an incident is held against the change that runs, until it is closed": (
        [end(1, 0, "v1", ""), end(2, 1, "v2", "v1"), declared(3, 2), closed(4, 5)],
        (2, 2, {"incident": 1}, [4.0]),
    ),
    "or until a rollback": (
        [end(1, 0, "v2", "v1"), declared(2, 2), rollback(3, 3, "v1", "v2"), closed(4, 5)],
        (1, 1, {"incident": 1}, [3.0]),
    ),
    "a deployment in between does not end it": (
        [end(1, 0, "v2", "v1"), declared(2, 2), end(3, 3, "v3", "v2"), closed(4, 5)],
        (2, 2, {"incident": 1}, [5.0]),
    ),
    "an incident of a day later is not": (
        [end(1, 0, "v1", ""), declared(2, 24.1)],
        (1, 1, {}, []),
    ),
    "nor one of another application": (
        [end(1, 0, "v1", ""), declared(2, 1, app="api")],
        (1, 1, {}, []),
    ),
    "one for a team is where it is paged for one application": (
        [end(1, 0, "v1", ""), declared(2, 1, app="", who="Web-Team")],
        (1, 1, {"incident": 1}, []),
    ),
    "an incident that is declared again is one": (
        [end(1, 0, "v1", ""), declared(2, 1), declared(3, 2), closed(4, 3)],
        (1, 1, {"incident": 1}, [3.0]),
    ),
    "what failed before counts for nothing": (
        [end(1, 0, "v1", ""), end(2, 1, "v2", "v1", "failed", running="v1")],
        (1, 1, {}, []),
    ),
    "cancelled ones are left out": (
        [end(1, 0, "v1", ""), end(2, 1, "v2", "v1", "cancelled")],
        (1, 1, {}, []),
    ),
}


@cases("title", STORIES)
def test_stories(title: str) -> None:
    events, expected = STORIES[title]
    assert gist(*events) == expected


def test_what_is_unplanned() -> None:
    [figures] = counted(
        end(1, 0, "v1", ""),
        declared(2, 30),
        end(3, 31, "v2", "v1"),
        closed(4, 32),
        end(5, 60, "v3", "v2"),
        emergency(6, 90, "v4", "v3"),
        rollback(7, 120, "v3", "v4"),
        end(8, 121, "v3", "v3"),
    )
    assert (figures.rework, figures.put_in_place, figures.rework_rate) == (3, 5, 0.6)


def test_the_lead_time_is_the_median_over_all_commits() -> None:
    [figures] = counted(
        end(1, 10, "v1", "v0", commit_times=[0, 3600]),
        end(2, 20, "v2", "v1", commit_times=[18 * 3600]),
        end(3, 30, "v3", "v2"),
        end(4, 40, "v4", "v3", commit_times=[0], more_commits=True),
        # Committed in the future, by a clock that was wrong.
        end(5, 50, "v5", "v4", commit_times=[51 * 3600]),
    )
    assert sorted(figures.lead_times) == [0.0, 2 * HOUR, 9 * HOUR, 10 * HOUR]
    assert (figures.lead_time, figures.lead_known, figures.deployments) == (5.5 * HOUR, 3, 5)


def test_what_shows_later_counts_where_the_deployment_was() -> None:
    spans = [(0.0, 10 * HOUR), (10 * HOUR, 20 * HOUR)]
    first, second = counted(
        end(1, 9.5, "v1", "v0"),
        end(2, 10, "v2", "v1"),
        end(3, 20, "v2", "v2"),  # the first moment after the second span
        rollback(4, 25, "v1", "v2"),
        spans=spans,
    )
    assert (first.deployments, first.failures, second.deployments, second.failures) == (1, 0, 1, 1)
    assert list(second.recoveries) == [15 * HOUR]
    assert (second.rollbacks, second.redeploys) == (0, 0)


def test_incidents_count_only_where_they_say_something() -> None:
    uat = Scope("uat", "production", None, None)
    [figures] = counted(end(1, 0, "v1", ""), declared(2, 1), end(3, 2, "v2", "v1"), scope=uat)
    assert (figures.failures, figures.rework, figures.incidents) == (0, 0, 0)


def test_an_incident_for_several_applications_is_said_and_not_counted() -> None:
    [figures] = counted(end(1, 0, "v1", ""), declared(2, 1, app="", who="everybody"))
    assert (figures.failures, figures.incidents, figures.incidents_elsewhere) == (0, 0, 1)


def test_nothing_is_not_zero() -> None:
    [figures] = counted()
    nothing = (figures.lead_time, figures.fail_rate, figures.recovery_time, figures.rework_rate)
    assert nothing == (None, None, None, None)
    assert figures.per_week == 0.0
    assert Figures(days=0.0).per_week is None


# Hundreds of histories against the slow reckoning.

VERSIONS = ("", "v1", "v2", "v3", "v4")
COMMITS = ("", "a" * 40, "b" * 40)


@st.composite
def histories(draw: Any) -> Tuple[List[End], List[IncidentRecord]]:
    """Records in order: times that stand still, or jump by a day and more; few versions, so that
    they meet again; every command and outcome, whether it makes sense or not."""
    at, ends, incidents = 0.0, [], []
    for seq in range(1, draw(st.integers(0, 14)) + 1):
        at += draw(st.sampled_from((0.0, 0.0, 60.0, HOUR, WINDOW / 2, WINDOW, WINDOW + 1)))
        app = draw(st.sampled_from(("web", "web", "web", "api")))
        if draw(st.integers(0, 3)) == 0:
            id, opens = draw(st.sampled_from(("I1", "I2"))), draw(st.booleans())
            who = draw(st.sampled_from(("", "", "api", "web-team", "nobody")))
            incidents.append(IncidentRecord(seq, at, opens, id, "" if who else app, who))
            continue
        events = ("succeeded", "succeeded", "succeeded", "failed", "interrupted", "cancelled")
        commands = ("deploy", "deploy", "promote", "redeploy", "rollback", "emergency deploy")
        ends.append(
            End(
                seq,
                at,
                draw(st.sampled_from(events)),
                app,
                "production",
                draw(st.sampled_from(commands)),
                draw(st.sampled_from(VERSIONS)),
                draw(st.sampled_from(VERSIONS[1:])),
                draw(st.sampled_from(COMMITS)),
                draw(st.sampled_from(COMMITS)),
                draw(st.sampled_from((None, "unknown", *VERSIONS))),
                draw(st.sampled_from((False, False, True))),
                draw(st.lists(st.integers(0, 400000), max_size=3)),
                draw(st.sampled_from((False, False, True))),
            )
        )
    return ends, incidents


@settings(max_examples=150, deadline=None)
@given(histories(), st.sampled_from((None, ("web",), ("api", "web"))), st.booleans())
def test_histories_are_reckoned_as_slowly_and_obviously(
    history: Tuple[List[End], List[IncidentRecord]],
    apps: Optional[Tuple[str, ...]],
    with_incidents: bool,
) -> None:
    ends, incidents = history
    named = SCOPE.incident_apps if with_incidents else None
    scope = Scope("", "production", apps, named)
    ends = [one for one in ends if apps is None or one.app in apps]
    spans = [(0.0, HOUR), (HOUR, 3 * WINDOW), (3 * WINDOW, 5 * WINDOW)]
    found = counted(*ends, *incidents, scope=scope, spans=spans)
    for span, figures in zip(spans, found):
        assert shown(figures) == slow_figures(scope, span, ends, incidents)


def test_more_changes_than_are_remembered_are_let_go() -> None:
    ends: Iterable[End] = [end(seq, seq, f"v{seq}", f"v{seq - 1}") for seq in range(1, 60)]
    back = [rollback(59 + one, 59 + one, f"v{59 - one}", f"v{60 - one}") for one in range(1, 59)]
    [figures] = counted(*ends, *back)
    assert shown(figures) == slow_figures(SCOPE, ALL, [*ends, *back], [])
    assert figures.failures == 50
