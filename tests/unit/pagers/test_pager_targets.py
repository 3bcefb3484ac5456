"""What stands under a team in the config: whom each pager kind pages there."""

from __future__ import annotations

from typing import Any, List, Tuple

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.pagers import REGISTRY, Target
from support.vendors.pagers.pagerduty import ROUTING_KEY


def target_of(kind: str, raw: Any) -> Tuple[Any, List[str]]:
    """The target, and what is complained of."""
    problems = Problems()
    fields = Fields({"duty": raw}, "teams.web", problems)
    return REGISTRY.read(kind, "read_target", fields, "duty"), problems.lines


@pytest.mark.parametrize(
    ("kind", "raw", "target"),
    [
        ("pagerduty", "PWEB", Target("service", "PWEB")),
        ("pagerduty", {"service": "PWEB"}, Target("service", "PWEB")),
        ("pagerduty", {"escalation_policy": "PPOL"}, Target("escalation_policy", "PPOL")),
        ("pagerduty", {"user": "PBOB"}, Target("user", "PBOB")),
        ("pagerduty", {"user": "bob@example.com"}, Target("user", "bob@example.com")),
        ("pagerduty", {"schedule": "PSCH"}, Target("schedule", "PSCH")),
        ("opsgenie", "web", Target("team", "web")),
        ("opsgenie", "7", Target("team", "7")),
        ("opsgenie", {"team": "web"}, Target("team", "web")),
        ("opsgenie", {"user": "bob@example.com"}, Target("user", "bob@example.com")),
        ("opsgenie", {"escalation_policy": "web_e"}, Target("escalation_policy", "web_e")),
        ("opsgenie", {"schedule": "web_s"}, Target("schedule", "web_s")),
        ("victorops", "web", Target("routing_key", "web")),
        ("victorops", {"routing_key": "web"}, Target("routing_key", "web")),
        ("victorops", {"team": "team-aaaa1111"}, Target("team", "team-aaaa1111")),
        ("victorops", {"escalation_policy": "pol-web1"}, Target("escalation_policy", "pol-web1")),
        ("victorops", {"user": "bob"}, Target("user", "bob")),
        ("webhook", "web-team", Target("target", "web-team", "web-team")),
        ("local", "web-team", Target("log", "web-team", "web-team")),
        ("email", "web@example.com", Target("address", "web@example.com", "web@example.com")),
        ("email", "o'neil+ops/x=y@mail.example-1.com", None),
        ("email", "root@localhost", None),
        ("email", ["web@example.com", "bob@example.com", "web@example.com"],
         Target("address", "web@example.com,bob@example.com",
                "web@example.com and bob@example.com")),
    ],
)  # fmt: skip
def test_a_team_of_the_config_names_whom_to_page(kind: str, raw: Any, target: Any) -> None:
    found, lines = target_of(kind, raw)
    assert lines == []
    assert target is None or (found.kind, found.id) == (target.kind, target.id)
    assert target is None or kind == "pagerduty" or found.name == target.name


@pytest.mark.parametrize(
    ("kind", "raw", "complaint"),
    [
        ("pagerduty", None,
         "duty: expected the id of a service such as PWIXJZS, or a mapping with one of "
         "service, escal"),
        ("pagerduty", "Web team", "duty: expected the id of a service"),
        ("pagerduty", ["PWEB"], "duty: expected the id of a service"),
        ("pagerduty", {},
         "duty: expected exactly one of service, escalation_policy, user, schedule or "
         "routing_key, found none"),
        ("pagerduty", {"service": "P1", "user": "P2"},
         "duty: expected exactly one of service, escalation_policy, user, schedule"),
        ("pagerduty", {"service": "a b"}, "duty.service: expected the id of a service"),
        ("pagerduty", {"user": "a b"},
         "duty.user: expected the id of a user, or their e-mail address"),
        ("pagerduty", {"service": "P1", "sevice": "P2"},
         "duty.sevice: there is no such key; did you mean service?"),
        ("pagerduty", {"routing_key": {"a": 1}}, "duty.routing_key: expected the integration key"),
        ("opsgenie", {},
         "duty: expected one of team, user, escalation_policy, schedule, found none"),
        ("opsgenie", {"team": "a", "user": "b"},
         "duty: expected one of team, user, escalation_policy, schedule, found "),
        ("opsgenie", {"team": ["a"]}, "duty.team: expected a name or an id, found a list"),
        ("opsgenie", {"service": "x", "team": "a"}, "duty.service: there is no such key"),
        ("opsgenie", ["a"], "duty: expected the name of a team, or a mapping with one of"),
        ("opsgenie", "", "duty: expected the name of a team"),
        ("opsgenie", True, "duty: expected the name of a team"),
        ("opsgenie", 7, "duty: expected the name of a team, or a mapping with one of"),
        ("victorops", {},
         "duty: expected one of routing_key, escalation_policy, team, user, found none"),
        ("victorops", {"team": "a", "user": "b"},
         "duty: expected one of routing_key, escalation_policy, team, user, found "),
        ("victorops", {"user": ["a"]}, "duty.user: expected a name or a slug, found a list"),
        ("victorops", {"service": "x", "team": "a"}, "duty.service: there is no such key"),
        ("victorops", ["a"], "duty: expected a routing key, or a mapping with one of"),
        ("victorops", True, "duty: expected a routing key"),
        ("webhook", {"a": 1}, "duty: expected a text, what {target} stands for, found a mapping"),
        ("local", ["a"], "duty: expected a team of on_call, or a person, found a list"),
    ],
)  # fmt: skip
def test_a_wrong_target_is_named(kind: str, raw: Any, complaint: str) -> None:
    (line,) = target_of(kind, raw)[1]
    assert line.startswith(f"teams.web.{complaint}")


@pytest.mark.parametrize(
    "raw",
    [
        "web", "web@", "@example.com", "a@b@c", "a b@example.com", "Web <web@example.com>",
        "a@example.com\r\nBcc: e@x.y",
        "a@example.com, b@example.com", '"a b"@example.com', "a@[127.0.0.1]", "a@-x.com",
        ".a@x.com", "a..b@x.com",
        "ü@example.com", "a@exämple.com", f"{'a' * 65}@example.com", f"a@{'b' * 64}.com", "a" * 300,
        ["web@example.com", "nobody"], [], {"a": 1}, True,
        [f"a{number}@example.com" for number in range(51)],
    ],
)  # fmt: skip
def test_what_is_no_address_is_named(raw: Any) -> None:
    (line,) = target_of("email", raw)[1]
    assert line.startswith("teams.web.duty: expected ")


def test_a_routing_key_shows_nowhere() -> None:
    target, lines = target_of("pagerduty", {"routing_key": ROUTING_KEY})
    assert lines == []
    assert target.shown == "web"
    assert ROUTING_KEY not in repr(target) + target.id
