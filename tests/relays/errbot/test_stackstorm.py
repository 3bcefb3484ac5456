"""How the relay has a command run: by the alias that it knows, or by asking StackStorm for it."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, Callable, Iterator, List

import pytest
from errst2lib.stackstorm_api import StackStormAPI
from opsroom_relay.forwarding import acknowledgement
from opsroom_relay.stackstorm import EVERY, StackStorm

from conftest import PlayedBot, PlayedStackStorm

TOKEN = SimpleNamespace(requests=lambda: {"St2-Api-Key": "k"})
DEPLOY = {"name": "deploy", "enabled": True, "formats": ["deploy web", "refuse this", "lost"]}


class Asking:
    """The relay's side of a played StackStorm. `clock` is the time, in seconds."""

    def __init__(self, played: PlayedStackStorm) -> None:
        self.played, self.clock = played, 0.0
        cfg = SimpleNamespace(
            api_url=f"{played.url}/api/v1",
            verify_cert=True,
            route_key="errbot",
            bot_prefix="!",
            plugin_prefix="",
        )
        self.plugin = SimpleNamespace(
            cfg=cfg,
            st2api=StackStormAPI(cfg, None),
            internal_identity="bot",
            accessctl=SimpleNamespace(get_token_by_userid=lambda _: TOKEN),
        )
        self.relay = StackStorm(self.plugin, lambda: self.clock)

    def run(self, command: str) -> Any:
        said = SimpleNamespace(body=command, is_direct=False, to="#ops", frm="alice")
        return self.relay.run(said, "alice sealed", TOKEN)

    def taken(self) -> List[Any]:
        """What StackStorm was asked to run: the format, None where it was to find that."""
        found = []
        while not self.played.asked.empty():
            one = self.played.asked.get()
            assert (one["user"], one["source_channel"]) == ("alice sealed", "#ops")
            assert (one["notification_channel"], one["notification_route"]) == ("#ops", "errbot")
            found.append((one.get("name"), one.get("format")))
        return found


@pytest.fixture
def asking() -> Iterator[Asking]:
    played = PlayedStackStorm()
    played.aliases = [DEPLOY]
    yield Asking(played)
    played.close()


def test_a_known_alias_is_run_by_its_name(asking: Asking) -> None:
    assert asking.relay.read_aliases()
    assert acknowledgement(asking.run("deploy web")) == "On it."
    assert asking.taken() == [("deploy", "deploy web")]
    assert asking.played.matched == []


def test_for_other_messages_stackstorm_is_asked(asking: Asking) -> None:
    assert asking.relay.read_aliases()
    for command in ("deploy api", "deploy web a=b"):
        assert acknowledgement(asking.run(command)) == "On it."
        assert asking.taken() == [(None, None)]
    assert "'nonsense' not found" in asking.run("nonsense")
    assert asking.taken() == []


def test_before_the_aliases_are_read_and_when_they_are_old_it_is_asked(asking: Asking) -> None:
    asking.run("deploy web")
    assert asking.relay.read_aliases()
    asking.clock = 2 * EVERY - 1
    asking.run("deploy web")
    asking.clock = 2 * EVERY
    asking.run("deploy web")
    assert asking.taken() == [(None, None), ("deploy", "deploy web"), (None, None)]


def test_an_alias_that_has_changed_since_is_looked_for_anew(asking: Asking) -> None:
    assert asking.relay.read_aliases()
    asking.played.aliases = [{**DEPLOY, "name": "deploy_more"}]
    for _ in range(2):
        assert acknowledgement(asking.run("deploy web")) == "On it."
        # Once, and from then on as one whose aliases are not known.
        assert asking.taken() == [(None, None)]
    assert asking.played.matched == ["deploy web"]


def test_what_is_refused_is_asked_for_once(asking: Asking) -> None:
    assert asking.relay.read_aliases()
    assert asking.run("refuse this")["faultstring"].startswith("# first")
    assert asking.taken() == [("deploy", "refuse this")]


def test_what_may_run_is_not_run_again(asking: Asking) -> None:
    assert asking.relay.read_aliases()
    assert asking.run("lost").startswith("Error executing action-alias: ")
    assert asking.taken() == [("deploy", "lost")]


def test_aliases_are_read_page_by_page(asking: Asking) -> None:
    others = [{"name": f"n{at}", "enabled": True, "formats": [f"say {at}"]} for at in range(230)]
    asking.played.aliases = [*others, DEPLOY]
    assert asking.relay.read_aliases()
    for command in ("say 99", "say 100", "say 229", "deploy web"):
        asking.run(command)
    assert [name for name, _ in asking.taken()] == ["n99", "n100", "n229", "deploy"]


def test_without_the_list_stackstorm_is_asked(asking: Asking) -> None:
    asking.played.closed = True
    assert not asking.relay.read_aliases()
    assert acknowledgement(asking.run("deploy web")) == "On it."
    assert asking.taken() == [(None, None)]


def test_without_a_token_the_aliases_are_not_read(asking: Asking) -> None:
    asking.plugin.accessctl.get_token_by_userid = lambda _: False
    assert not asking.relay.read_aliases()


def test_a_running_relay_reads_the_aliases(start: Callable[..., PlayedBot]) -> None:
    bot = start()
    forwarding = bot.test.bot.plugin_manager.get_plugin_obj_by_name("OpsroomRelay")._forwarding
    bot.stackstorm.aliases = [DEPLOY]
    assert (EVERY, forwarding.read_aliases) in [
        (one.kwargs["interval"], one.kwargs["method"])
        for one in bot.test.bot.plugin_manager.get_plugin_obj_by_name("OpsroomRelay").current_timers
    ]
    forwarding.read_aliases()
    bot.say("!deploy web")
    asked = bot.asked()
    assert asked["format"] == "deploy web"
    assert asked["user"].startswith("test:alice errbot/")
    assert bot.read()[1] == "On it."


def test_reading_is_tried_again(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    from opsroom_relay.forwarding import Forwarding

    waited: List[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    found = iter([False, False, True])
    forwarding = Forwarding.__new__(Forwarding)
    forwarding._stackstorm = SimpleNamespace(read_aliases=lambda: next(found))
    forwarding.read_aliases((1.0, 5.0, 20.0))
    assert waited == [1.0, 5.0]
