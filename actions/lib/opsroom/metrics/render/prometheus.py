"""What Prometheus reads: the totals of the record, and what is open now.

Names and units are those that https://prometheus.io/docs/practices/naming/ asks for. Labels have
the names of the config and nothing else: no person, no version, and `other` for what the config no
longer has, so that their number is bounded.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple

from ...errors import Code, Refusal
from ...structs import dataclass
from ..totals import LIMITS, Duration, Place, Totals

OTHER = "other"
# A lock that is not about one environment.
EVERYWHERE = "all"
OUTCOMES = ("succeeded", "failed", "interrupted", "cancelled")


@dataclass(frozen=True)
class State:
    """What is open at `now`, in seconds since 1970.

    `places` are those of the config. `waiting` counts changes by environment and kind, `locks` and
    `running` locks and deployments by environment (EVERYWHERE for a lock on all of them).
    `oldest_change` is when the oldest one that waits was asked for, None where none does.
    `verified`: whether the record holds as far as it was looked at; `records` is how many it has.
    """

    now: float
    places: Sequence[Place]
    waiting: Mapping[Tuple[str, str], int]
    locks: Mapping[str, int]
    running: Mapping[str, int]
    pages: int
    incidents: int
    oldest_change: Any
    records: int
    newest_record: float
    verified: bool


def as_textfile(totals: Totals, state: State) -> bytes:
    """The content of a file for node_exporter's textfile collector, which reads the text format of
    Prometheus.

    Raises Refusal(not_configured) without the package prometheus_client.
    """
    try:
        from prometheus_client import CollectorRegistry, generate_latest
    except ImportError:
        raise Refusal(
            Code.NOT_CONFIGURED,
            "The package prometheus_client is not installed, so there are no metrics for "
            "Prometheus.",
            "Install it: /opt/stackstorm/virtualenvs/opsroom/bin/pip install -r "
            "/opt/stackstorm/packs/opsroom/requirements-metrics.txt",
        ) from None

    class Collected:
        def collect(self) -> Iterator[Any]:
            yield from _families(totals, state)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collected())  # type: ignore[arg-type,unused-ignore]
    content: bytes = generate_latest(registry)
    return content


def _families(totals: Totals, state: State) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    known = set(state.places)
    outcomes = CounterMetricFamily(
        "opsroom_deployments",
        "Deployments that ended, by outcome, since the record began.",
        labels=["application", "environment", "outcome"],
    )
    for (app, environment, event), count in _outcomes(totals, known).items():
        outcomes.add_metric([app, environment, event], count)
    yield outcomes
    yield _durations(totals, known)
    drifts = CounterMetricFamily(
        "opsroom_drift",
        "How often a version was found to run that nobody had asked opsroom for.",
        labels=["application", "environment"],
    )
    drifted = GaugeMetricFamily(
        "opsroom_drifted",
        "Whether such a version was found since the last deployment that succeeded (1), or not.",
        labels=["application", "environment"],
    )
    for place in state.places:
        drifts.add_metric(place, totals.drifts.get(place, 0))
        drifted.add_metric(place, totals.drifted(place))
    yield drifts
    yield drifted
    counts: List[Tuple[str, str, List[str], Mapping[Any, int]]] = [
        (
            "opsroom_changes_waiting",
            "Changes that wait for approval, confirmation or review.",
            ["environment", "kind"],
            state.waiting,
        ),
        ("opsroom_locks", "Locks that hold.", ["environment"], state.locks),
        (
            "opsroom_deployments_in_progress",
            "Deployments that are going on.",
            ["environment"],
            state.running,
        ),
    ]
    for name, words, labels, values in counts:
        family = GaugeMetricFamily(name, words, labels=labels)
        for key, count in sorted(values.items()):
            family.add_metric(list(key) if isinstance(key, tuple) else [key], count)
        yield family
    age = 0.0 if state.oldest_change is None else max(state.now - state.oldest_change, 0.0)
    for name, words, value in (
        (
            "opsroom_oldest_waiting_change_age_seconds",
            "How long ago the oldest change that waits was asked for; 0 where none waits.",
            age,
        ),
        ("opsroom_pages_unanswered", "Pages that nobody has acknowledged.", state.pages),
        ("opsroom_incidents_open", "Incidents that nobody has closed.", state.incidents),
        ("opsroom_ledger_records", "Records of the ledger.", state.records),
        (
            "opsroom_ledger_verified",
            "Whether every record continues the chain from the one that was verified last (1), or "
            "not.",
            int(state.verified),
        ),
        (
            "opsroom_ledger_newest_record_timestamp_seconds",
            "When the newest record was written; 0 where there is none.",
            state.newest_record,
        ),
    ):
        yield GaugeMetricFamily(name, words, value=float(value))


def _outcomes(totals: Totals, known: Iterable[Place]) -> Dict[Tuple[str, str, str], int]:
    """The counts by place of the config, each outcome of each place, so that a rate is right from
    the first one on."""
    places = set(known)
    found = {(*place, outcome): 0 for place in sorted(places) for outcome in OUTCOMES}
    for (app, environment, event), count in sorted(totals.outcomes.items()):
        place = (app, environment) if (app, environment) in places else (OTHER, OTHER)
        key = (*place, event)
        found[key] = found.get(key, 0) + count
    return found


def _durations(totals: Totals, known: Iterable[Place]) -> Any:
    from prometheus_client.core import HistogramMetricFamily

    places = set(known)
    merged: Dict[Place, Duration] = {place: Duration() for place in sorted(places)}
    for place, duration in sorted(totals.durations.items()):
        into = merged.setdefault(place if place in places else (OTHER, OTHER), Duration())
        into.count += duration.count
        into.seconds += duration.seconds
        into.within = [one + more for one, more in zip(into.within, duration.within)]
    family = HistogramMetricFamily(
        "opsroom_deployment_duration_seconds",
        "How long deployments took that succeeded, from the request on.",
        labels=["application", "environment"],
    )
    for place, duration in merged.items():
        buckets: List[Tuple[str, float]] = [
            (str(float(limit)), float(count)) for limit, count in zip(LIMITS, duration.within)
        ]
        buckets.append(("+Inf", float(duration.count)))
        family.add_metric(list(place), buckets, sum_value=duration.seconds)
    return family
