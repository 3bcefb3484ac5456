"""Version kind stackstorm: the version in what an action returns."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from opsroom import versions
from opsroom.deploys import Resolved
from opsroom.errors import Code, Failure
from opsroom.http.errors import in_doubt
from opsroom.versions import Running
from support.deploys.jobs import Notes
from support.deploys.stackstorm import TARGET, deployer, ends, read, started
from support.errors import failure_of
from support.servers.http import Reply
from support.stackstorm.fake import FakeStackStorm
from support.troubles.no_api import NO_API
from support.troubles.table import Instead

V1 = Resolved("v1.0.0", "v1.0.0")


def source(**raw: Any) -> Any:
    options, lines = read(versions.REGISTRY, **raw)
    assert lines == []
    return versions.REGISTRY.make("stackstorm", options, target=TARGET)


@pytest.mark.parametrize(
    ("result", "raw", "version"),
    [
        ({"result": "v1.2.0"}, {}, "v1.2.0"),
        ({"result": {"build": {"version": 42}}}, {"json": "result.build.version"}, "42"),
        ({"result": None}, {}, ""),
        ({"stdout": "v1.2.0\n"}, {"json": "stdout"}, "v1.2.0"),
        ({"stdout": "\ufeffv1.2.0\n"}, {"json": "stdout"}, "v1.2.0"),
        ({"result": 20261130}, {}, "20261130"),
    ],
)
def test_a_version_is_found_in_what_the_action_returns(
    storm: FakeStackStorm, result: Any, raw: Dict[str, Any], version: str
) -> None:
    storm.goes = ends(after=2, result=result)
    assert source(parameters={"a": "{app}", "e": "{environment}"}, **raw).ask() == Running(version)
    assert started(storm)[0]["parameters"] == {"a": "web", "e": "uat"}


@pytest.mark.parametrize("text", ["1.10", "1e3", "1.10e0", "12345678901234567890123456789"])
def test_a_number_that_came_as_it_was_written_is_kept(storm: FakeStackStorm, text: str) -> None:
    storm.trouble(
        "POST", Reply(201, f'{{"id": "e1", "status": "succeeded", "result": {{"result": {text}}}}}')
    )
    assert source().ask() == Running(text)


@pytest.mark.parametrize("number", [1.1, 10.0, 1000.0, 2.5])
def test_a_number_that_may_have_lost_its_zeros_on_the_way_is_refused_with_the_cure(
    storm: FakeStackStorm, number: float
) -> None:
    storm.goes = ends(result={"result": number})
    failed = failure_of(source().ask)
    assert failed.code is Code.BAD_ANSWER
    assert f"the number {number}" in failed.message
    assert f"it may be {number}0" in failed.message
    assert failed.hint.startswith("Let the action return the version as text.")


@pytest.mark.parametrize(
    "found", [{"a": 1}, ["v1"], True, False, float("nan"), "no version at all!", "{{ x }}"]
)
def test_what_is_no_version_is_a_bad_answer(storm: FakeStackStorm, found: Any) -> None:
    storm.goes = ends(result={"result": found})
    with pytest.raises(Failure, match="which is not a version") as failed:
        source().ask()
    assert failed.value.code is Code.BAD_ANSWER


def test_an_action_that_fails_or_never_ends_tells_no_version(storm: FakeStackStorm) -> None:
    storm.goes = ends("failed", result={"result": {"message": "no access"}})
    with pytest.raises(Failure, match="ended as failed: no access"):
        source().ask()
    storm.goes = lambda execution: None
    failed = failure_of(source(time_limit="20s").ask)
    assert failed.code is Code.TIMED_OUT
    assert [one["status"] for one in storm.executions.values()] == ["failed", "canceled"]


NO_STACKSTORM = [
    one for one in NO_API if one not in ("no such method", "a retired server", "no such command")
]


@pytest.mark.parametrize("what", [*NO_STACKSTORM, "a redirect"])
def test_where_there_is_no_stackstorm_nothing_is_said_of_the_action(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = (
        Reply(308, "", {"Location": "https://new.example.com/v1"})
        if what == "a redirect"
        else NO_API[what]
    )
    with Instead(reply) as server:
        monkeypatch.setenv("ST2_ACTION_API_URL", server.url("/v1"))
        for ask in (lambda: deployer().deploy(V1, Notes()), lambda: source().ask()):
            caught = failure_of(ask)
            assert caught.code is Code.BAD_ANSWER
            assert not in_doubt(caught)
            if what == "a redirect":
                assert (
                    "Put the new address into auth.api_url in StackStorm's st2.conf."
                    in caught.message
                )


def test_a_missing_api_is_no_history_that_was_purged(monkeypatch: pytest.MonkeyPatch) -> None:
    # Another deployment would be started beside the one that is still at it.
    with Instead(NO_API["a web server"]) as server:
        monkeypatch.setenv("ST2_ACTION_API_URL", server.url("/v1"))
        job = Notes()
        job.keep("stackstorm", "5f0000000000000000000009")
        with pytest.raises(Failure):
            deployer().deploy(V1, job)
        assert [one.method for one in server.requests] == ["GET"]
