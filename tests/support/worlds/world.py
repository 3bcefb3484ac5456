"""A small world to deploy in: a git repository with tags, environments, people, and a database.

`world.ask("deploy", "alice", app="web", ...)` runs the action as StackStorm would and returns its
result; `world.spawn` does so in a process of its own, which may be killed.
"""

from __future__ import annotations

import copy
import importlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Dict, List, Optional

from opsroom.action import OpsroomAction, Surroundings
from opsroom.db.sql import execute, from_moment, moment, rows, scalar, update
from opsroom.db.store import open_store
from opsroom.records.chain import verify_chain
from opsroom.records.ledger import Record, from_columns
from opsroom.records.model import Event
from opsroom.records.queries import deployments
from support.processes import in_threads
from support.records.templates import copy_database, copy_folder
from support.worlds.act import Runner

ROOT = Path(__file__).resolve().parents[3]
TAGS = ("v1.0.0", "v1.1.0", "v1.2.0")


def git(folder: Path, *arguments: str) -> str:
    """Run git there, independent of the machine's own settings."""
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    identity = [
        "-c",
        "user.name=tester",
        "-c",
        "user.email=tester@example.com",
        "-c",
        "init.defaultBranch=main",
    ]
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@dataclass
class Listener:
    """A room that remembers what was said in it."""

    said: List[str] = field(default_factory=list)
    lines: List[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.said.append(text)

    def live(self, text: str) -> None:
        self.lines.append(text)


@dataclass
class World:
    """The folder of the world, its config and its database."""

    folder: Path
    database: str
    config: Dict[str, Any]
    room: Listener = field(default_factory=Listener)

    def ask(
        self,
        action: str,
        who: str = "alice",
        room: str = "#dev",
        user: str = "chatops_bot",
        **given: Any,
    ) -> Any:
        """Run an action in this process. Its result, with `ok` added."""
        OpsroomAction.surroundings = Surroundings(
            self.database, self.room, "5f0000000000000000000001"
        )
        try:
            return run_action(
                action, self.config, {**given, "requester": who, "room": room, "st2_user": user}
            )
        finally:
            OpsroomAction.surroundings = None

    def deploy(
        self, version: str = "v1.0.0", environment: str = "uat", app: str = "web", **more: Any
    ) -> Any:
        """The answer to "deploy APP VERSION to ENVIRONMENT", by alice unless `who` is given."""
        return self.ask("deploy", app=app, version=version, environment=environment, **more)

    def lock(
        self, environment: str = "uat", reason: Any = "load test", who: str = "bob", **more: Any
    ) -> Any:
        """The answer to "lock ENVIRONMENT: REASON", by bob unless `who` is given."""
        return self.ask("lock", who, environment=environment, reason=reason, **more)

    def unlock(self, environment: str = "uat", who: str = "bob", **more: Any) -> Any:
        """The answer to "unlock ENVIRONMENT", by bob unless `who` is given."""
        return self.ask("unlock", who, environment=environment, **more)

    def emergency(
        self,
        version: str = "v1.0.0",
        environment: str = "production",
        app: str = "web",
        who: str = "carol",
        **more: Any,
    ) -> Any:
        """The answer to "emergency deploy APP VERSION to ENVIRONMENT: checkout is down"."""
        given = {"app": app, "version": version, "environment": environment, **more}
        return self.ask("emergency_deploy", who, **{"reason": "checkout is down", **given})

    def at_once(self, action: str, *each: Dict[str, Any]) -> List[Any]:
        """Run an action once with each of these parameters, all at the same moment; the results."""
        config = {**self.config, "database": self.database}
        alice = {"requester": "alice", "room": "#dev", "st2_user": "chatops_bot"}
        return in_threads(
            len(each), lambda number: run_action(action, config, {**alice, **each[number]})
        )

    def spawn_deploy(
        self, version: str = "v1.1.0", die_at: str = "", who: str = "bob", **more: Any
    ) -> Runner:
        """bob deploys web to uat in a process of its own. `die_at`: see support.worlds.act."""
        given = {"app": "web", "version": version, "environment": "uat", **more}
        return self.spawn("deploy", who, die_at, **given)

    def spawn(self, action: str, who: str = "alice", die_at: str = "", **given: Any) -> Runner:
        """Run an action in a process of its own. `die_at`: see support.worlds.act."""
        return Runner(
            {
                "action": action,
                "config": self.config,
                "database": self.database,
                "die_at": die_at,
                "parameters": {
                    **given,
                    "requester": who,
                    "room": "#dev",
                    "st2_user": "chatops_bot",
                },
            }
        )

    def running(self, environment: str = "uat", app: str = "web") -> str:
        """What is really there: the content of the VERSION file behind `current`, empty without
        one."""
        path = self.folder / "srv" / app / environment / "current" / "VERSION"
        return path.read_text().strip() if path.exists() else ""

    def records(self) -> List[Record]:
        """The whole ledger, oldest first."""
        with open_store(self.database).read() as on:
            return [from_columns(row) for row in rows(on, "SELECT * FROM ledger ORDER BY seq")]

    def events(self) -> List[str]:
        """What the records say, oldest first."""
        return [record.event.value for record in self.records()]

    def finished(self) -> List[Record]:
        """The deployments that ended, newest first."""
        store = open_store(self.database)
        with store.read() as connection:
            return deployments(connection, limit=100)

    def chain_holds(self) -> bool:
        """Whether the ledger verifies."""
        store = open_store(self.database)
        with store.read() as connection:
            return not verify_chain(connection).breaks

    def let_leases_run_out(self) -> None:
        """As if the time of every lease had passed."""
        store = open_store(self.database)
        with store.write() as on:
            execute(on, "UPDATE claims SET lease_until = '2000-01-01T00:00:00.000000+00:00'")

    def pass_time(self, **length: float) -> None:
        """As if all that was written down outside of the ledger had been so much earlier."""
        shift = timedelta(**length)
        with open_store(self.database).write() as on:
            for table, key, columns in _MOMENTS:
                for kept in rows(on, f"SELECT * FROM {table}"):
                    earlier = {
                        one: moment(from_moment(kept[one]) - shift) if kept[one] else ""
                        for one in columns
                    }
                    update(on, table, earlier, {one: kept[one] for one in key})

    def claims(self) -> int:
        """How many claims there are."""
        store = open_store(self.database)
        with store.read() as on:
            return int(scalar(on, "SELECT count(*) FROM claims"))

    def with_app(self, name: str, **keys: Any) -> World:
        """The same world with one application more (or another definition of it)."""
        config = copy.deepcopy(self.config)
        config["apps"][name] = keys
        self.config = config
        return self


_MOMENTS = (
    ("tellings", ("key",), ("made_at", "ended_at")),
    ("seen", ("kind", "id"), ("at",)),
    ("silences", ("what",), ("since", "until")),
    ("locks", ("app", "environment"), ("since", "until")),
    ("changes", ("id",), ("asked_at", "expires_at")),
    ("claims", ("app", "environment"), ("started_at", "lease_until")),
    ("repeats", ("key",), ("began_at", "ended_at")),
    ("pages", ("mark",), ("paged_at", "watch_until")),
    ("incidents", ("id",), ("since",)),
)


def run_action(name: str, config: Dict[str, Any], parameters: Dict[str, Any]) -> Dict[str, Any]:
    """Make the action as StackStorm does and run it."""
    module = importlib.import_module(name)
    class_ = next(
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, OpsroomAction) and one is not OpsroomAction
    )
    defaults = {"deploy": {"redeploy": False}, "get_history": {"limit": 20}}.get(name, {})
    ok, result = class_(config=config, action_service=None).run(**{**defaults, **parameters})
    return {"ok": ok, **json.loads(json.dumps(result))}


def runs(*command: str, **more: Any) -> Dict[str, Any]:
    """A deploy kind, or a source of versions, that runs this command."""
    return {"kind": "command", "command": [*command], **more}


def python(body: str, *arguments: str, **more: Any) -> Dict[str, Any]:
    """A deploy kind, or a source of versions, that runs this Python."""
    return runs(sys.executable, "-c", body, *arguments, **more)


def make_repository(folder: Path) -> Path:
    """A repository with three tags, each with a VERSION file that says its name."""
    return copy_folder("repository", _make_repository, folder)


def _make_repository(folder: Path) -> None:
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--template=")
    for tag in TAGS:
        (folder / "VERSION").write_text(f"{tag}\n")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", tag)
        git(folder, "tag", tag)


def make_world(folder: Path, database: Optional[str] = None) -> World:
    """Web on test, uat and production; alice may deploy to the first two, carol, from #ops, to
    all."""
    repository = make_repository(folder / "repository")
    root = str(folder / "srv" / "{app}" / "{environment}")
    config = {
        "people": {
            "alice": {"chat": ["alice"]},
            "bob": {"chat": ["bob"]},
            "carol": {"chat": ["carol"]},
        },
        "groups": {"release-managers": ["carol"]},
        "environments": {
            "test": {},
            "uat": {},
            "production": {"deployers": ["release-managers"], "rooms": ["#ops"]},
        },
        "apps": {
            "web": {
                "verify_for": "2s",
                "deploy": {"kind": "git", "repository": str(repository), "root": root},
                "version": {"kind": "directory", "path": root},
            }
        },
    }
    return World(folder, database or copy_database(folder / "db" / "opsroom.db"), config)


__all__ = [
    "TAGS",
    "Event",
    "Listener",
    "World",
    "git",
    "make_repository",
    "make_world",
    "python",
    "run_action",
    "runs",
]
