"""Several runners at once, and whatever may die, dying: one deployment, one card, one page, and a
record that is true.

Killing services needs OPSROOM_TEST_SERVICES (support.stackstorm.services); the tests that do it are
skipped without.
"""

from __future__ import annotations

import os
import signal
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest

from opsroom.db.sql import from_moment, moment, queue_up, rows, scalar, update
from opsroom.db.store import open_store
from support.cards import kinds as card_kinds
from support.pages import kinds as pager_kinds
from support.records.postgres import Postgres, start
from support.servers.http import HttpServer, Reply, Request
from support.stackstorm.aftermath import again_and_again, the_record_is_true
from support.stackstorm.client import ENDED, StackStorm, wait_for
from support.stackstorm.services import Services, find, process_of, sensors
from support.worlds.world import World

MANY = 20
DEPLOY = "deploy api 1.0 to uat"
PAGE = "page web-team: checkout is down"


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


@dataclass(frozen=True)
class Api:
    """The application `api` on uat, where 0.9 runs. `hold(what)` makes its programs wait:
    `deploying`, or the version that is asked for and found; `release` lets them go on."""

    world: World
    folder: Path

    def hold(self, what: str) -> None:
        (self.folder / f"hold-{what}").touch()

    def release(self, what: str) -> None:
        (self.folder / f"hold-{what}").unlink()

    def reached(self, what: str) -> None:
        """Wait until a program waits there."""
        wait_for((self.folder / f"at-{what}").exists, f"someone at {what}")
        (self.folder / f"at-{what}").unlink()

    @property
    def runs(self) -> str:
        return (self.folder / "version").read_text().strip()

    def log(self) -> List[str]:
        """Lines `begun VERSION` and `done VERSION`, as the deploying program wrote them."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []


def api_in(stackstorm: StackStorm, world: World) -> Api:
    folder = world.folder / "api"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    (folder / "version").write_text("0.9\n")
    (folder / "version").chmod(0o666)
    waits = (
        'if [ -e "hold-$1" ]; then touch "at-$1"; while [ -e "hold-$1" ]; do sleep 0.05; done; fi'
    )
    gate = f"cd {folder}; hold() {{ {waits}; }}; "
    ship = 'echo "begun $1" >> log; hold deploying; echo $1 > version; echo "done $1" >> log'
    world.with_app(
        "api",
        verify_for="30s",
        deploy={"kind": "command", "command": ["/bin/sh", "-c", gate + ship, "sh", "{version}"]},
        version={
            "kind": "command",
            "command": ["/bin/sh", "-c", gate + 'hold "$(cat version)"; cat version'],
        },
    )
    stackstorm.configure(world.config)
    return Api(world, folder)


@pytest.fixture
def api(stackstorm: StackStorm, shared: World) -> Api:
    return api_in(stackstorm, shared)


@pytest.fixture
def api_on_postgres(stackstorm: StackStorm, on_postgres: World) -> Api:
    return api_in(stackstorm, on_postgres)


def at_once(stackstorm: StackStorm, sayings: List[Any]) -> List[Dict[str, Any]]:
    """Hand over all (text, who, room) at the same moment; the ended executions."""
    ready = threading.Barrier(len(sayings))

    def say(saying: Any) -> str:
        ready.wait()
        return str(stackstorm.begin(*saying)["execution"]["id"])

    with ThreadPoolExecutor(len(sayings)) as pool:
        begun = list(pool.map(say, sayings))
    return [stackstorm.ended(one) for one in begun]


def codes(ended: List[Dict[str, Any]]) -> Dict[str, int]:
    """How many ended with which code; what a policy cancelled counts as `canceled`."""
    found = [
        (((one.get("result") or {}).get("result") or {}).get("code") or one["status"])
        for one in ended
    ]
    return {code: found.count(code) for code in sorted(set(found))}


def kill(execution: str) -> None:
    try:
        os.kill(process_of(execution), signal.SIGKILL)
    except PermissionError:
        pytest.skip("the actions run as another user, whose processes cannot be killed here")


# Many at once.


def test_twenty_equal_deployments_at_once_are_one(stackstorm: StackStorm, api: Api) -> None:
    came = codes(at_once(stackstorm, [(DEPLOY,)] * MANY))
    print("twenty deployments:", came)
    assert came["deployed"] == 1
    assert set(came) <= {"deployed", "busy", "canceled", "already_there"}, came
    assert api.log() == ["begun 1.0", "done 1.0"]
    assert api.world.events().count("succeeded") == 1
    the_record_is_true(api.world)


def test_twenty_equal_cards_at_once_are_one(stackstorm: StackStorm, shared: World) -> None:
    with card_kinds.case("github") as it:
        shared.config.update(it.config())
        shared.config["groups"], shared.config["environments"] = {}, {"test": {}}
        stackstorm.configure(shared.config)
        came = codes(at_once(stackstorm, [("create card: checkout is broken",)] * MANY))
        print("twenty cards:", came)
        assert came["card_created"] == 1
        assert set(came) <= {"card_created", "card_there", "busy"}, came
        assert it.vendor is not None
        assert len(it.vendor.sent("POST")) == 1
        assert shared.events().count("card_created") == 1
        assert shared.chain_holds()


def with_pager(stackstorm: StackStorm, world: World, it: pager_kinds.Case) -> None:
    world.config.update(it.config())
    world.config["groups"], world.config["environments"] = {}, {"test": {}}
    stackstorm.configure(world.config)


def test_twenty_equal_pages_at_once_are_one(stackstorm: StackStorm, shared: World) -> None:
    with pager_kinds.case("pagerduty") as it:
        with_pager(stackstorm, shared, it)
        came = codes(at_once(stackstorm, [(PAGE,)] * MANY))
        print("twenty pages:", came)
        assert came["paged"] == 1
        assert set(came) <= {"paged", "paged_already", "busy"}, came
        assert it.taken() == 1
        assert shared.events().count("paged") == 1
        assert shared.chain_holds()


def test_the_approvals_of_two_people_at_once_deploy_once(stackstorm: StackStorm, api: Api) -> None:
    world = api.world
    world.config["people"]["dave"] = {"chat": ["dave"]}
    world.config["groups"] = {"release-managers": ["carol", "dave"]}
    world.config["environments"]["production"] = {
        "deployers": ["alice"], "approvers": ["release-managers"], "approvals": 1,
        "rooms": ["#ops"],
    }  # fmt: skip
    stackstorm.configure(world.config)
    change = stackstorm.ask("deploy api 1.0 to production", "alice", "#ops").result["change"]
    came = codes(
        at_once(
            stackstorm, [(f"approve change {change}", who, "#ops") for who in ("carol", "dave")]
        )
    )
    print("two approvals:", came)
    assert came["deployed"] == 1
    assert api.log() == ["begun 1.0", "done 1.0"]
    the_record_is_true(world)


# An action dies.

# Where it waits when it is killed, and what the next command finds: its code, and what the
# deploying programs wrote.
STAGES = {
    "before anything was touched": ("0.9", "deployed", ["begun 1.0", "done 1.0"]),
    "while deploying": ("deploying", "deployed", ["begun 1.0", "begun 1.0", "done 1.0"]),
    "while verifying": ("1.0", "already_there", ["begun 1.0", "done 1.0"]),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_deployment_killed_at_any_stage_while_another_waits_is_never_done_twice(
    stackstorm: StackStorm, api: Api, stage: str
) -> None:
    where, code, log = STAGES[stage]
    api.hold(where)
    begun = stackstorm.begin(DEPLOY)["execution"]["id"]
    api.reached(where)
    assert stackstorm.ask(DEPLOY, "bob").code == "busy"
    kill(begun)
    assert stackstorm.ended(begun)["status"] == "timeout"
    api.release(where)
    # StackStorm has seen its end, so that nobody waits for the lease.
    answer = stackstorm.ask(DEPLOY)
    print(f"killed {stage}:", answer.code, api.log(), api.world.events())
    assert answer.status == "succeeded"
    assert answer.code == code
    assert api.log() == log
    assert api.runs == "1.0"
    the_record_is_true(api.world)


def let_it_be_long_ago(world: World) -> None:
    """As if whoever is at a card or page had been at it for two minutes."""
    with open_store(world.database).write() as on:
        for row in rows(on, "SELECT key, began_at FROM repeats"):
            then = moment(from_moment(row["began_at"]) - timedelta(minutes=2))
            update(on, "repeats", {"began_at": then}, {"key": row["key"]})


class Held:
    """The record, kept from being written to by others: `take`, then `let_go`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._taken, self._over = threading.Event(), threading.Event()
        self._thread: Optional[threading.Thread] = None

    def take(self) -> None:
        def hold() -> None:
            with open_store(self.world.database).write() as connection:
                queue_up(connection)
                self._taken.set()
                self._over.wait(60)

        self._thread = threading.Thread(target=hold)
        self._thread.start()
        assert self._taken.wait(30)

    def let_go(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(60)


def test_a_page_that_was_taken_by_the_pager_and_not_recorded_is_found_and_not_sent_again(
    stackstorm: StackStorm, shared: World
) -> None:
    held = Held(shared)
    receiver = pager_kinds.pd.FakePagerDuty()
    answered = receiver.rest._handler

    def answer_into_the_void(request: Request) -> Reply:
        reply = answered(request)
        if request.method == "POST" and request.path.endswith("/incidents"):
            held.take()
        return reply

    receiver.rest._handler = answer_into_the_void
    with receiver:
        pager = {"kind": "pagerduty", **receiver.options()}
        it = pager_kinds.Case("pagerduty", pager, "PWEB", lambda: len(receiver.incidents), set())
        with_pager(stackstorm, shared, it)
        begun = stackstorm.begin(PAGE)["execution"]["id"]
        try:
            wait_for(it.taken, "the page at the pager")
            kill(begun)
            stackstorm.ended(begun)
        finally:
            held.let_go()
        receiver.rest._handler = answered
        assert stackstorm.ask(PAGE).code == "busy"
        let_it_be_long_ago(shared)
        again = stackstorm.ask(PAGE)
        print("killed after the page:", again.code, again.result.get("message"), shared.events())
        assert again.code == "paged"
        assert it.taken() == 1
        assert shared.events().count("paged") == 1
        assert shared.chain_holds()


class Hook:
    """A webhook that takes its time: answers only when `answer` is set."""

    def __init__(self, server: HttpServer) -> None:
        self.answer = threading.Event()
        self.server = server
        server.on("/hook", self._receive)

    def _receive(self, request: Request) -> Reply:
        self.answer.wait(60)
        return Reply(200, "{}")

    @property
    def taken(self) -> int:
        return len([one for one in self.server.requests if one.path == "/hook"])


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
            return made

        yield configure
        made.answer.set()


def test_a_page_killed_while_a_webhook_is_at_it_is_never_sent_again(
    stackstorm: StackStorm, shared: World, hook: Callable[[World], Hook]
) -> None:
    hooked = hook(shared)
    begun = stackstorm.begin(PAGE)["execution"]["id"]
    wait_for(lambda: hooked.taken, "the page at the webhook")
    assert stackstorm.ask(PAGE).code == "busy"
    kill(begun)
    stackstorm.ended(begun)
    hooked.answer.set()
    let_it_be_long_ago(shared)
    again = stackstorm.ask(PAGE)
    print("killed at the webhook:", again.code, shared.events())
    assert again.code == "page_unconfirmed"
    assert "Phone: the doorman" in again.result["message"] + str(again.result.get("hint"))
    assert hooked.taken == 1
    assert shared.chain_holds()


# A runner dies.


def test_a_deployment_goes_on_and_is_recorded_when_only_its_runner_dies(
    stackstorm: StackStorm, services: Services, api_on_postgres: Api
) -> None:
    api = api_on_postgres
    api.hold("deploying")
    begun = stackstorm.begin(DEPLOY)["execution"]["id"]
    api.reached("deploying")
    services.kill_runner_of(begun, with_action=False)
    # The other runner is there.
    assert stackstorm.ask(DEPLOY, "bob").code == "busy"
    services.start("actionrunner")
    api.release("deploying")
    wait_for(lambda: not api.world.claims(), "the end of the deployment")
    assert api.world.events().count("succeeded") == 1
    print("runner killed:", stackstorm.execution(begun)["status"], api.world.events())
    the_record_is_true(api.world)
    # Without its runner the action ended its own execution, and the room that asked has the answer,
    # once.
    execution = stackstorm.ended(begun)
    assert (execution["status"], execution["result"]["result"]["code"]) == ("succeeded", "deployed")
    answer = stackstorm.answer_to(begun)
    assert (answer["channel"], answer["message"].startswith("alice deployed api 1.0 to uat")) == (
        "#dev",
        True,
    )
    again = stackstorm.ask("deploy api 2.0 to uat", "carol")
    assert again.code == "deployed"
    assert api.log() == ["begun 1.0", "done 1.0", "begun 2.0", "done 2.0"]


def test_dead_runners_stop_nobody_and_are_closed_each_with_its_own_answer(
    stackstorm: StackStorm, services: Services, api_on_postgres: Api
) -> None:
    api = api_on_postgres
    stuck = []
    for version in ("1.0", "2.0"):
        api.hold("deploying")
        stuck.append(stackstorm.begin(f"deploy api {version} to uat")["execution"]["id"])
        api.reached("deploying")
        services.kill_runner_of(stuck[-1], with_action=True)
        services.start("actionrunner")
        api.release("deploying")
        api.world.let_leases_run_out()
    assert [stackstorm.execution(one)["status"] for one in stuck] == ["running", "running"]
    assert again_and_again(stackstorm, "deploy api 3.0 to uat").code == "deployed"
    assert api.world.events().count("interrupted") == 2
    assert [one for one in api.log() if one.startswith("done")] == ["done 3.0"]
    the_record_is_true(api.world)

    def closed() -> bool:
        # By the rule or by hand, whichever comes first, a minute after the ends were recorded.
        assert stackstorm.run("opsroom.close_dead_executions")["status"] == "succeeded"
        return all(stackstorm.execution(one)["status"] == "abandoned" for one in stuck)

    wait_for(closed, "the end of the dead executions", 240)
    for one, version in zip(stuck, ("1.0", "2.0")):
        said = stackstorm.answer_to(one)["message"]
        assert said.startswith(
            f"The deploy of api {version} on uat by alice was interrupted: its runner was lost"
        )
        assert "Repeat it where it is still wanted." in said


@pytest.mark.parametrize("whole_machine", [False, True], ids=["its runner only", "the machine"])
def test_a_page_whose_runner_dies_goes_out_once(
    stackstorm: StackStorm,
    services: Services,
    on_postgres: World,
    hook: Callable[[World], Hook],
    whole_machine: bool,
) -> None:
    hooked = hook(on_postgres)
    begun = stackstorm.begin(PAGE)["execution"]["id"]
    wait_for(lambda: hooked.taken, "the page at the webhook")
    services.kill_runner_of(begun, with_action=whole_machine)
    hooked.answer.set()
    services.start("actionrunner")
    if not whole_machine:
        wait_for(lambda: "paged" in on_postgres.events(), "the record of the page")
        assert stackstorm.ask(PAGE).code == "paged_already"
        # The action ended its own execution, and the room has the answer.
        assert stackstorm.ended(begun)["result"]["result"]["code"] == "paged"
        assert stackstorm.answer_to(begun)["channel"] == "#dev"
    else:
        assert stackstorm.ask(PAGE).code == "busy"
        let_it_be_long_ago(on_postgres)
        assert stackstorm.ask(PAGE).code == "page_unconfirmed"
    assert hooked.taken == 1
    assert on_postgres.chain_holds()
    if whole_machine:
        # No deployment, and no end on the record: the rule would close it after its time limit.
        assert stackstorm.execution(begun)["status"] == "running"
        assert stackstorm.call("DELETE", f"/executions/{begun}").ok
        stackstorm.ended(begun)


# What StackStorm stands on goes away.


@pytest.mark.parametrize("service", ["rabbitmq", "mongodb"])
def test_a_deployment_survives_a_restart_of_what_stackstorm_stands_on(
    stackstorm: StackStorm, services: Services, api_on_postgres: Api, service: str
) -> None:
    api = api_on_postgres
    api.hold("deploying")
    begun = stackstorm.begin(DEPLOY)["execution"]["id"]
    api.reached("deploying")
    try:
        services.kill(service)
        # It ends while nobody can be told.
        api.release("deploying")
        wait_for(lambda: not api.world.claims(), "the end of the deployment")
    finally:
        services.start(service)
    assert api.world.events() == ["asked", "started", "succeeded"]
    the_record_is_true(api.world)
    again = again_and_again(stackstorm, "deploy api 2.0 to uat")
    assert again.code == "deployed"
    assert api.log() == ["begun 1.0", "done 1.0", "begun 2.0", "done 2.0"]
    status = stackstorm.execution(begun)["status"]
    print(f"{service} restarted:", status)
    if status not in ENDED:
        stackstorm.call("DELETE", f"/executions/{begun}")
    the_record_is_true(api.world)


def test_a_page_survives_a_restart_of_rabbitmq(
    stackstorm: StackStorm, services: Services, on_postgres: World, hook: Callable[[World], Hook]
) -> None:
    hooked = hook(on_postgres)
    begun = stackstorm.begin(PAGE)["execution"]["id"]
    wait_for(lambda: hooked.taken, "the page at the webhook")
    try:
        services.kill("rabbitmq")
        hooked.answer.set()
        wait_for(lambda: "paged" in on_postgres.events(), "the record of the page")
    finally:
        services.start("rabbitmq")
    assert stackstorm.ask(PAGE).code == "paged_already"
    assert hooked.taken == 1
    status = stackstorm.execution(begun)["status"]
    print("rabbitmq restarted in a page:", status)
    if status not in ENDED:
        stackstorm.call("DELETE", f"/executions/{begun}")


# opsroom's own database goes away.


def test_a_short_absence_of_the_database_does_not_stop_a_deployment(
    stackstorm: StackStorm, server: Postgres, api_on_postgres: Api
) -> None:
    api = api_on_postgres
    api.hold("deploying")
    begun = stackstorm.begin(DEPLOY)["execution"]["id"]
    api.reached("deploying")
    server.stop()
    try:
        api.release("deploying")
        wait_for(lambda: api.runs == "1.0", "the new version")
    finally:
        server.start_again()
    ended = stackstorm.ended(begun)
    assert codes([ended]) == {"deployed": 1}, ended["result"]
    assert api.world.events() == ["asked", "started", "succeeded"]
    the_record_is_true(api.world)


def test_a_deployment_that_loses_the_database_for_longer_than_its_lease_is_settled_afterwards(
    stackstorm: StackStorm, server: Postgres, api_on_postgres: Api
) -> None:
    api = api_on_postgres
    api.hold("deploying")
    begun = stackstorm.begin(DEPLOY)["execution"]["id"]
    api.reached("deploying")
    server.stop()
    try:
        refused = stackstorm.ask("deploy api 2.0 to uat", "bob")
        assert (refused.status, refused.code) == ("failed", "store_unreachable")
        # The lease of ten seconds runs out; the program is ended with it, or ends by itself.
        ended = stackstorm.ended(begun)
    finally:
        server.start_again()
        api.release("deploying")
    print("database away for longer:", ended["result"])
    assert codes([ended]) == {"claim_lost": 1}
    assert "That could not be recorded: " in ended["result"]["result"]["message"]
    answer = again_and_again(stackstorm, "deploy api 2.0 to uat")
    assert answer.code == "deployed"
    assert api.log() == ["begun 1.0", "begun 2.0", "done 2.0"]
    the_record_is_true(api.world)


def test_a_page_goes_out_without_the_database_and_says_that_it_is_not_recorded(
    stackstorm: StackStorm, server: Postgres, on_postgres: World, hook: Callable[[World], Hook]
) -> None:
    hooked = hook(on_postgres)
    hooked.answer.set()
    server.stop()
    try:
        answer = stackstorm.say(PAGE)
    finally:
        server.start_again()
    assert answer.code == "paged"
    assert (
        "It is not recorded yet (the next command does that), and no limit was checked"
        in answer.message
    )
    assert "the database cannot be used." in answer.message
    assert hooked.taken == 1
    assert on_postgres.events() == []


def test_a_page_during_which_the_database_goes_away_goes_out_once_and_says_what_is_not_recorded(
    stackstorm: StackStorm, server: Postgres, on_postgres: World, hook: Callable[[World], Hook]
) -> None:
    hooked = hook(on_postgres)
    begun = stackstorm.begin(PAGE)["execution"]["id"]
    wait_for(lambda: hooked.taken, "the page at the webhook")
    server.stop()
    try:
        hooked.answer.set()
        ended = stackstorm.ended(begun)
    finally:
        server.start_again()
    assert codes([ended]) == {"paged": 1}
    assert "It is not recorded" in ended["result"]["result"]["message"]
    # Nobody knows that it went out, and a webhook cannot be asked: it is not sent again.
    assert stackstorm.ask(PAGE).code == "busy"
    let_it_be_long_ago(on_postgres)
    assert stackstorm.ask(PAGE).code == "page_unconfirmed"
    assert hooked.taken == 1
    assert on_postgres.chain_holds()


# Sensors.


@dataclass(frozen=True)
class Looked:
    """An application of its own on uat that the sensor of versions looks at every five seconds."""

    stackstorm: StackStorm
    world: World
    app: str
    version: Path

    def told(self, trigger: str) -> List[str]:
        """The versions that the trigger told of, oldest first; none was told twice."""
        found = self.stackstorm.get(f"/triggerinstances?trigger=opsroom.{trigger}&limit=100")
        mine = [one["payload"] for one in sorted(found, key=lambda one: one["occurrence_time"])]
        mine = [one for one in mine if one["app"] == self.app]
        assert len({one["event"] for one in mine}) == len(mine), mine
        return [one["version"] for one in mine]

    def wait_for_told(self, trigger: str, versions: List[str]) -> None:
        wait_for(lambda: len(self.told(trigger)) >= len(versions), f"{versions} of {trigger}", 150)
        assert self.told(trigger) == versions


@pytest.fixture
def looked(stackstorm: StackStorm, api_on_postgres: Api) -> Looked:
    world, app = api_on_postgres.world, f"api-{uuid.uuid4().hex[:8]}"
    world.config["apps"] = {app: world.config["apps"]["api"]}
    # On no other environment: all of them would tell of the one file that says the version.
    world.config["environments"] = {"uat": {}}
    world.config["watching"] = {"versions": "5s"}
    stackstorm.configure(world.config)
    made = Looked(stackstorm, world, app, api_on_postgres.folder / "version")
    # The config is read again every half a minute, and the sensor makes the tables where there are
    # none yet.
    stackstorm.ask(f"history of {app} on uat")

    def seen() -> bool:
        query = "SELECT source FROM watched WHERE source = :source"
        with open_store(world.database).read() as on:
            return scalar(on, query, source=f"version:{app}:uat") is not None

    wait_for(seen, "a first look", 150)
    return made


def test_a_sensor_container_that_dies_during_a_deployment_tells_of_it_once_when_it_is_back(
    stackstorm: StackStorm, services: Services, looked: Looked, api_on_postgres: Api
) -> None:
    api_on_postgres.hold("deploying")
    begun = stackstorm.begin(f"deploy {looked.app} 1.0 to uat")["execution"]["id"]
    api_on_postgres.reached("deploying")
    services.kill("sensorcontainer")
    api_on_postgres.release("deploying")
    assert codes([stackstorm.ended(begun)]) == {"deployed": 1}
    services.start("sensorcontainer")
    looked.wait_for_told("version_changed", ["1.0"])
    looked.version.write_text("by-hand\n")
    looked.wait_for_told("version_unknown_change", ["by-hand"])
    assert looked.told("version_changed") == ["1.0"]
    the_record_is_true(looked.world)


def test_two_sensor_containers_with_the_same_sensors_tell_nothing_twice(
    stackstorm: StackStorm, services: Services, looked: Looked
) -> None:
    services.start("sensorcontainer-2")
    try:
        wait_for(lambda: len(sensors("VersionSensor")) == 2, "the second sensor")
        versions = [f"by-hand-{number}" for number in range(1, 7)]
        for count, version in enumerate(versions, start=1):
            looked.version.write_text(f"{version}\n")
            looked.wait_for_told("version_unknown_change", versions[:count])
    finally:
        services.kill("sensorcontainer-2")
    looked.version.write_text("last\n")
    looked.wait_for_told("version_unknown_change", [*versions, "last"])


# Others go away.


def test_a_card_that_a_tracker_refused_while_it_was_down_is_made_once_when_it_is_back(
    stackstorm: StackStorm, on_postgres: World
) -> None:
    with card_kinds.case("github") as it:
        on_postgres.config.update(it.config())
        on_postgres.config["groups"], on_postgres.config["environments"] = {}, {"test": {}}
        url = it.tracker["url"]
        it.tracker["url"] = "http://127.0.0.1:1"
        stackstorm.configure(on_postgres.config)
        down = codes(at_once(stackstorm, [("create card: checkout is broken",)] * 4))
        print("tracker down:", down)
        assert "card_created" not in down
        it.tracker["url"] = url
        stackstorm.configure(on_postgres.config)
        up = codes(at_once(stackstorm, [("create card: checkout is broken",)] * 4))
        assert up["card_created"] == 1
        assert it.vendor is not None
        assert len(it.vendor.sent("POST")) == 1
        assert on_postgres.chain_holds()
