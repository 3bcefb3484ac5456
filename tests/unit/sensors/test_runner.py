"""A sensor follows the config as it changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest

from opsroom.backup.move import move
from opsroom.sensors.runner import REREAD, Runner
from opsroom.sensors.sources import card_watch, version_watch
from support.stackstorm.sensors import (
    AtOnce,
    Clock,
    Dispatched,
)


class Config:
    """What a Runner gets: a config that changes, a database, what it dispatched, and its log."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self.pool = folder, Clock(), AtOnce()
        self.raw: Any = {}
        self.dispatched: List[Dispatched] = []
        self.log: List[str] = []
        self.runner = Runner(
            "version:", version_watch, self.read,
            lambda settings: (settings.database or self.url("a"), folder),
            lambda *event: self.dispatched.append(event), self.log.append, self.clock,
            lambda: self.pool,
        )  # fmt: skip

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder}/{name}.db"

    def read(self) -> Any:
        if isinstance(self.raw, Exception):
            raise self.raw
        return self.raw

    def app(self, name: str, version: str) -> Path:
        """An application whose version is a link in a folder."""
        place = self.folder / name / "uat"
        (place / version).mkdir(parents=True, exist_ok=True)
        link = place / "current"
        if link.is_symlink():
            link.unlink()
        link.symlink_to(version)
        return place

    def names(self, *apps: str, **more: Any) -> None:
        path = str(self.folder / "{app}" / "{environment}")
        self.raw = {
            "environments": {"uat": {}},
            "apps": {app: {"version": {"kind": "directory", "path": path}} for app in apps},
            "watching": {"versions": "5s"},
            **more,
        }

    def passes(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.clock.at += 1.0
            self.runner.step()

    @property
    def changed(self) -> List[str]:
        return [payload["app"] for _, payload, _ in self.dispatched]


class TestRunner:
    @pytest.fixture
    def config(self, tmp_path: Path) -> Config:
        return Config(tmp_path)

    def test_without_a_config_it_waits_for_one(self, config: Config) -> None:
        config.passes(60)
        assert config.log == [config.log[0]]
        assert "not configured" in config.log[0]
        config.app("web", "v1")
        config.names("web")
        config.passes(40)
        config.app("web", "v2")
        config.passes(10)
        assert config.changed == ["web"]

    def test_a_change_of_the_config_is_picked_up_and_the_others_go_on(self, config: Config) -> None:
        config.app("web", "v1")
        config.names("web")
        config.passes(10)
        config.app("api", "v1")
        config.app("web", "v2")
        config.names("web", "api")
        config.passes(REREAD + 10)
        assert config.changed == ["web"], "the new one was looked at for the first time"
        config.app("api", "v2")
        config.passes(10)
        assert config.changed == ["web", "api"]
        config.names("api")
        config.passes(REREAD)
        config.app("web", "v3")
        config.passes(10)
        assert config.changed == ["web", "api"], "what is gone from the config is not watched"

    def test_a_config_with_a_mistake_changes_nothing_and_is_told_once(self, config: Config) -> None:
        config.app("web", "v1")
        config.names("web")
        config.passes(10)
        config.names("web", nonsense=1)
        config.passes(3 * REREAD)
        assert len([line for line in config.log if "nonsense" in line]) == 1
        config.app("web", "v2")
        config.passes(10)
        assert config.changed == ["web"]

    def test_a_config_that_cannot_be_read_ends_nothing_and_shows_no_secret(
        self, config: Config
    ) -> None:
        config.app("web", "v1")
        config.names("web")
        config.passes(10)
        config.raw = RuntimeError("password hunter2secret")
        config.passes(2 * REREAD)
        config.app("web", "v2")
        config.passes(10)
        assert config.changed == ["web"]
        assert "hunter2secret" not in str(config.log)

    def test_never_is_never(self, config: Config) -> None:
        config.app("web", "v1")
        config.names("web", watching={"versions": "0s"})
        config.passes(60)
        config.app("web", "v2")
        config.passes(60)
        assert config.changed == []
        assert config.log == ["0 sources are watched."]
        assert not (config.folder / "a.db").exists()

    def test_another_database_is_opened(self, config: Config) -> None:
        config.app("web", "v1")
        config.names("web", database=config.url("one"))
        config.passes(10)
        config.names("web", database=config.url("two"))
        config.passes(REREAD + 10)
        assert (config.folder / "two.db").exists()
        config.app("web", "v2")
        config.passes(10)
        assert config.changed == ["web"]

    def test_a_database_that_was_moved_takes_no_more_news(self, config: Config) -> None:
        config.app("web", "v1")
        config.names("web", database=config.url("one"))
        config.passes(10)
        move(config.url("one"), config.url("two"))
        config.passes(REREAD + 10)
        assert any("was moved to another database" in line for line in config.log)
        config.app("web", "v2")
        config.passes(10)
        assert config.changed == []
        config.names("web", database=config.url("two"))
        config.passes(2 * REREAD)
        assert config.changed == ["web"]

    def test_no_secret_of_the_config_reaches_the_log(self, config: Config) -> None:
        token = "s3cret-token-of-the-bot"
        config.names("web")
        config.raw["apps"]["web"]["version"] = {
            "kind": "http", "url": "http://127.0.0.1:9/{app}", "headers": {"X-Key": token},
            "time_limit": "1s",
        }  # fmt: skip
        config.runner._redactor = None
        config.passes(20)
        config.runner._say(f"something with {token}")
        assert token not in str(config.log)


def test_a_version_that_only_an_action_can_ask_for_is_not_watched(tmp_path: Path) -> None:
    from opsroom.commands import KINDS
    from opsroom.config import load

    url = "http://st2.example.com/api/v1"
    raw = {
        "environments": {"uat": {}},
        "apps": {
            "web": {"version": {"kind": "stackstorm", "action": "acme.version"}},
            "api": {
                "version": {
                    "kind": "stackstorm",
                    "action": "acme.version",
                    "url": url,
                    "api_key": "k" * 20,
                }
            },
            "bare": {},
        },
        "trackers": {"board": {"kind": "local"}},
    }
    settings = load(raw, KINDS)
    store: Any = None
    assert [one.key for one in version_watch(settings, store, tmp_path)] == ["version:api:uat"]
    assert [one.key for one in card_watch(settings, store, tmp_path)] == ["cards:board"]
