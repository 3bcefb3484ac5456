"""Worlds on SQLite and PostgreSQL, and services that may be killed."""

from __future__ import annotations

from typing import Callable, Iterator

import pytest

from support.records.postgres import Postgres, start
from support.servers.http import HttpServer
from support.stackstorm.client import StackStorm
from support.stackstorm.scaling import Api, Hook, api_in, make_tables
from support.stackstorm.services import Services, find
from support.worlds.world import World


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL of these tests' own: some of them stop it."""
    made = start()
    yield made
    made.server.cleanup()


@pytest.fixture
def on_postgres(stackstorm: StackStorm, world: World, server: Postgres) -> Iterator[World]:
    """The world with its record in PostgreSQL."""
    name = server.new_database()
    world.database = server.url(name)
    world.config["database"] = world.database
    stackstorm.configure(world.config)
    yield world
    server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, world: World) -> World:
    """The world, once with its record in SQLite and once in PostgreSQL."""
    return world if request.param == "sqlite" else request.getfixturevalue("on_postgres")


@pytest.fixture
def services() -> Iterator[Services]:
    """StackStorm's services; all of them run again afterwards."""
    found = find()
    yield found
    found.start("actionrunner")


@pytest.fixture
def api(stackstorm: StackStorm, shared: World) -> Api:
    return api_in(stackstorm, shared)


@pytest.fixture
def api_on_postgres(stackstorm: StackStorm, on_postgres: World) -> Api:
    return api_in(stackstorm, on_postgres)


@pytest.fixture
def hook(stackstorm: StackStorm) -> Iterator[Callable[[World], Hook]]:
    """Make a world page through a webhook that waits; it cannot be asked what it has."""
    with HttpServer() as server:
        made = Hook(server)

        def configure(world: World) -> Hook:
            world.config["pagers"] = {
                "hook": {"kind": "webhook", "url": server.url("/hook"), "time_limit": "50s"}
            }
            world.config["teams"] = {"web-team": {"hook": "web-team", "phone": "the doorman"}}
            stackstorm.configure(world.config)
            make_tables(stackstorm)
            return made

        yield configure
        made.answer.set()
