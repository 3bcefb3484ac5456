"""Steps: which parts belong to which, what the config may say, and the checks between them."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.deploys.checks import CheckFailed, ask
from opsroom.deploys.steps import Check, Size, Steps, groups, holds, reached, read_steps
from opsroom.errors import Failure
from support.cases import cases
from support.deploys.jobs import Notes, cancelled
from support.deploys.runs import Clock
from support.servers.http import HttpServer, Reply
from support.stackstorm.fake import FakeStackStorm

PLACE = {"app": "web", "environment": "uat", "version": "v1.2", "deployment": "d1"}


def read(**raw: Any) -> Tuple[Steps, List[str]]:
    problems = Problems()
    fields = Fields(raw, "apps.web.deploy", problems)
    steps = read_steps(fields)
    fields.finish()
    return steps, problems.lines


def sizes(*raw: Any) -> Steps:
    steps, lines = read(steps=list(raw))
    assert lines == []
    return steps


@cases(
    ("raw", "count", "expected"),
    [
        (["10%", "50%", "100%"], 10, [1, 4, 5]),
        (["10%", "50%", "100%"], 3, [1, 1, 1]),
        (["10%", "50%", "100%"], 1, [1]),
        ([1, 5, "100%"], 20, [1, 4, 15]),
        ([1, 5, "100%"], 5, [1, 4]),
        ([1, 5, "100%"], 3, [1, 2]),
        ([1, "50%", "100%"], 8, [1, 3, 4]),
        ([5, "10%", "100%"], 20, [5, 15]),
        (["100%"], 4, [4]),
        (["1%", "100%"], 200, [2, 198]),
    ],
)
def test_a_step_has_so_many_parts(raw: Any, count: int, expected: List[int]) -> None:
    assert [len(one) for one in groups(sizes(*raw), range(count))] == expected


@cases(
    ("raw", "count", "expected"),
    [
        (["10%", "50%", "100%"], 10, [1, 5, 10]),
        (["10%", "50%", "100%"], 2, [1, 1, 2]),
        # It never goes back.
        ([5, "10%", "100%"], 20, [5, 5, 20]),
        ([1, "100%"], 0, [0, 0]),
    ],
)
def test_so_many_have_it_after_each_step(raw: Any, count: int, expected: List[int]) -> None:
    assert [reached(sizes(*raw), one, count) for one in range(1, len(raw) + 1)] == expected


def test_without_steps_one_part_follows_another() -> None:
    assert groups(Steps(), ["a", "b", "c"]) == (("a",), ("b",), ("c",))
    assert groups(Steps(), []) == ()


@given(
    st.lists(st.builds(Size, st.integers(1, 100), st.booleans()), max_size=6), st.integers(0, 60)
)
def test_every_part_is_in_one_step_and_in_its_order(some: List[Size], count: int) -> None:
    found = groups(Steps(sizes=tuple(some)), range(count))
    assert [part for one in found for part in one] == list(range(count))
    assert all(found)


@cases(
    ("raw", "complaint"),
    [
        ({"steps": []}, "steps: expected a list such as [10%, 50%, 100%]"),
        ({"steps": "10%"}, "steps: expected a list such as [10%, 50%, 100%]"),
        ({"steps": [0, "100%"]}, "steps[0]: expected 1 or more"),
        ({"steps": ["0%", "100%"]}, "steps[0]: expected 1 or more"),
        ({"steps": ["101%"]}, "steps[0]: expected 1 or more"),
        ({"steps": [True, "100%"]}, "steps[0]: expected 1 or more"),
        ({"steps": ["ten", "100%"]}, "steps[0]: expected 1 or more"),
        ({"steps": ["50%", "10%", "100%"]}, "steps[1]: expected more than in the step before"),
        ({"steps": [5, 5, "100%"]}, "steps[1]: expected more than in the step before"),
        ({"steps": [1, 5]}, "steps: expected 100% as the last step"),
        ({"pause": "soon"}, "pause: expected a length of time"),
        (
            {"steps": ["10%", "50%", "100%"], "pause": "30m"},
            "pause: expected less: StackStorm ends a deployment after 1 h, and the pauses take 1 h",
        ),
        ({"check": "https://x"}, "check: expected a mapping"),
        ({"check": {}}, "check.url: expected either this or action"),
        ({"check": {"url": "https://x/", "action": "a.b"}}, "check.url: expected either this"),
        ({"check": {"url": "ftp://x/"}}, "check.url: expected an http or https address"),
        ({"check": {"url": "https://{hots}/"}}, "check.url: {hots} is not filled in here"),
        ({"check": {"action": "a.b", "text": "x"}}, "check.text: expected url beside it"),
        ({"check": {"url": "https://x/", "parameters": {}}}, "check.parameters: expected action"),
        ({"check": {"action": "smoke test"}}, "check.action: expected the reference of an action"),
        ({"check": {"url": "https://x/", "txt": "a"}}, "check.txt: there is no such key"),
    ],
)
def test_wrong_keys_are_named(raw: Any, complaint: str) -> None:
    lines = read(**raw)[1]
    assert lines[0].startswith(f"apps.web.deploy.{complaint}"), lines


def test_all_keys_are_read() -> None:
    check = {"url": "https://{host}/v", "text": "{version}", "verify": "/ca.pem", "within": "90s"}
    steps, lines = read(steps=["50%", "100%"], pause="5m", check=check)
    assert lines == []
    assert (steps.pause, steps.check) == (
        300.0,
        Check(url="https://{host}/v", text="{version}", verify="/ca.pem", within=90.0),
    )
    assert steps.check is not None
    assert steps.check.each


@pytest.mark.parametrize("body", ["v1.2", 'x "v1.2" y', "is v1.2.", "v1.2-0 v1.2"])
def test_a_text_is_found_as_whole_words(body: str) -> None:
    assert holds(body, "v1.2")


@pytest.mark.parametrize("body", ["", "v1.2.0", "v1.20", "rv1.2", "v1.2-rc1", "1.2"])
def test_a_text_is_not_found_within_another(body: str) -> None:
    assert not holds(body, "v1.2")
    assert holds("status:ok", ":ok")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(0.0)
    made.install(monkeypatch)
    return made


def test_an_address_is_asked_for_each_part_that_it_names(clock: Clock) -> None:
    with HttpServer() as server:
        server.on("/a", Reply(200, "web v1.2"))
        server.on("/b", Reply(503), Reply(200, "v1.1"), Reply(200, "v1.2"))
        job = Notes()
        ask(Check(url=server.url("/{host}"), text="{version}"), PLACE, ["a", "b"], job)
        assert server.paths() == ["/a", "/b", "/b", "/b"]
        assert len(job.lines) == 2
        ask(Check(url=server.url("/a")), PLACE, ["a", "b"], job)
        assert server.paths()[4:] == ["/a"]
    assert clock.now == 4.0


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(500), "answered 500"),
        (Reply(200, "v1.1"), "answers without 'v1.2'"),
        (Reply(302, "", {"Location": "/login"}), "redirects to"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(reply: Reply, words: str) -> None:
    with HttpServer() as server:
        server.on("/", reply)
        check = Check(url=server.url("/"), text="{version}", within=30.0)
        with pytest.raises(CheckFailed, match="did not pass within 30 s") as caught:
            ask(check, PLACE, ["a"], Notes())
    assert words in caught.value.message


def test_a_cancelled_deployment_does_not_wait_for_a_check() -> None:
    job = Notes(cancelled)
    with pytest.raises(Failure, match="carol cancelled it"):
        ask(Check(url="http://127.0.0.1:1/"), PLACE, ["a"], job)


@pytest.fixture
def storm(monkeypatch: pytest.MonkeyPatch) -> Any:
    with FakeStackStorm() as server:
        monkeypatch.setenv("ST2_ACTION_API_URL", server.api)
        monkeypatch.setenv("ST2_ACTION_AUTH_TOKEN", "t0ken")
        yield server


def act(status: Optional[str], storm: FakeStackStorm) -> Notes:
    def goes(execution: Any) -> None:
        if status is not None:
            execution["status"] = status

    storm.goes = goes
    job = Notes()
    parameters = {"where": "{host}", "tag": "{version}"}
    ask(Check(action="acme.smoke", parameters=parameters, within=30.0), PLACE, ["a", "b"], job)
    return job


def test_an_action_has_to_succeed(storm: FakeStackStorm) -> None:
    act("succeeded", storm)
    (made,) = [one for one in storm.requests if one.method == "POST"]
    assert b'"where": "a,b"' in made.body
    assert b'"tag": "v1.2"' in made.body


@pytest.mark.parametrize("status", ["failed", "timeout", "canceled"])
def test_an_action_that_does_not_succeed_fails_the_check(
    storm: FakeStackStorm, status: str
) -> None:
    with pytest.raises(CheckFailed, match=f"The check acme.smoke {status}"):
        act(status, storm)


def test_an_action_that_does_not_end_is_cancelled(storm: FakeStackStorm) -> None:
    with pytest.raises(CheckFailed, match="did not end within 30 s"):
        act(None, storm)
    assert [one.method for one in storm.requests][-1] == "DELETE"


def test_a_stackstorm_that_cannot_be_asked_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ST2_ACTION_API_URL", "ST2_ACTION_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(CheckFailed):
        ask(Check(action="acme.smoke"), PLACE, ["a"], Notes())
