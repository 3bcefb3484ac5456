"""What an action's process loads: it starts for every chat message, so nothing big is loaded in
vain."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Optional, Set

from benchmarks.jira_server import Jira
from benchmarks.kinds.imports import DEPLOYS, VERSIONS
from benchmarks.paging import Pager

ROOT = Path(__file__).resolve().parents[2]
BIG = {
    *("requests", "urllib3", "sqlalchemy", "alembic", "psycopg", "jira", "jinja2", "jmespath"),
    *("jsonschema", "st2client", "yaml"),
}
_CHILD = """
import json, sys
job = json.loads(sys.argv[1])
module = __import__(job["action"])
class_ = getattr(module, job["class"])
ok, result = class_(config=job["config"]).run(requester="alice", room="", st2_user="alice", **job["parameters"])
print(json.dumps([ok, result["message"], sorted(sys.modules)]))
"""  # noqa: E501


def _environment() -> Dict[str, str]:
    path = [str(ROOT / "actions"), str(ROOT / "actions" / "lib")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def loaded_by(
    folder: Path, action: str, class_: str, more: Optional[Dict[str, Any]] = None, **parameters: Any
) -> Set[str]:
    """The big packages that a run of the action loads, in a process of its own."""
    return BIG & modules_of(folder, action, class_, more, **parameters)


def modules_of(
    folder: Path, action: str, class_: str, more: Optional[Dict[str, Any]] = None, **parameters: Any
) -> Set[str]:
    """All modules that a run of the action loads, in a process of its own."""
    config = {
        "database": f"sqlite:///{folder / 'opsroom.db'}",
        "environments": {"uat": {}},
        "apps": {
            "web": {
                "deploy": {"kind": "git", "repository": str(folder), "root": str(folder)},
                "version": {"kind": "directory", "path": str(folder)},
            },
            "shop": {
                "deploy": {"kind": "command", "command": ["true"]},
                "version": {
                    "kind": "http",
                    "url": "https://shop.example.com/{environment}",
                    "json": "version",
                },
            },
        },
        **(more or {}),
    }
    job = {"action": action, "class": class_, "config": config, "parameters": parameters}
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, json.dumps(job)],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    ok, message, modules = json.loads(done.stdout)
    assert ok, message
    return set(modules)


# What is behind these costs a command that does without them 2 ms to 50 ms.
DATABASE = ("sqlite3", "opsroom.db.store", "opsroom.db.sql", "opsroom.records")
NETWORK = ("requests", "http.client", "opsroom.http.client", "opsroom.stackstorm.client", "smtplib")
DEPLOYING = ("opsroom.commands.deployments.pipeline", "opsroom.deploys.git.mirror")
PROVIDERS = ("opsroom.trackers.jira.tracker", "opsroom.pagers.pagerduty.pager")


def test_a_version_in_a_folder_loads_no_database_no_network_and_nothing_big(tmp_path: Path) -> None:
    loaded = modules_of(tmp_path, "get_version", "GetVersion", app="web", environment="uat")
    assert not loaded & {*BIG, *DATABASE, *NETWORK, *DEPLOYING, *PROVIDERS}
    assert sum(name.startswith("opsroom.") for name in loaded) <= 53


def test_versions_of_an_application_everywhere_load_no_database(tmp_path: Path) -> None:
    loaded = modules_of(tmp_path, "get_version", "GetVersion", app="web")
    assert not loaded & {*DATABASE, *NETWORK, *DEPLOYING, *PROVIDERS}


def test_help_loads_only_what_reads_the_aliases(tmp_path: Path) -> None:
    loaded = modules_of(tmp_path, "help", "Help")
    assert not loaded & {*DATABASE, *NETWORK, *PROVIDERS}
    assert loaded & BIG == {"yaml"}


# A config that names a kind loads its options, and not what deploys with it.
SERVICES = (
    *("opsroom.deploys.argocd.service", "opsroom.deploys.github.workflow"),
    *("opsroom.deploys.kubernetes.service", "opsroom.deploys.ssh.deployer"),
    *("opsroom.vendors.github.client", "opsroom.vendors.kubernetes.client"),
)


def test_kinds_that_are_only_named_load_no_library_and_not_what_deploys(tmp_path: Path) -> None:
    apps: Dict[str, Any] = {}
    for part, kinds in (("deploy", DEPLOYS), ("version", VERSIONS)):
        for kind, keys in kinds.items():
            text = json.dumps({"kind": kind, **keys}).replace("HOST", "http://127.0.0.1:9")
            apps[f"{part}-{kind}"] = {part: json.loads(text)}
    git = {"kind": "git", "repository": str(tmp_path), "root": str(tmp_path)}
    more = {"apps": {**apps, "deploy-git": {"deploy": git}}}
    loaded = modules_of(tmp_path, "help", "Help", more)
    assert "opsroom.deploys.github.options" in loaded
    assert not loaded & {*(BIG - {"yaml"}), *SERVICES}


def test_history_and_locks_load_nothing_that_deploys_or_connects(tmp_path: Path) -> None:
    modules_of(tmp_path, "list_locks", "ListLocks")  # makes the tables
    for action, class_, parameters in (
        ("get_history", "GetHistory", {"environment": "uat", "limit": 20}),
        ("list_locks", "ListLocks", {}),
    ):
        loaded = modules_of(tmp_path, action, class_, **parameters)
        assert not loaded & {*NETWORK, *DEPLOYING, *PROVIDERS}, action


def test_what_answers_from_the_record_loads_nothing_that_archives(tmp_path: Path) -> None:
    for action, class_, parameters in (
        ("get_history", "GetHistory", {"environment": "uat", "limit": 20}),
        ("audit_verify", "AuditVerify", {"head": "", "record": 0, "keep": False}),
        ("lock", "Lock", {"environment": "uat", "reason": "test", "app": ""}),
    ):
        loaded = modules_of(tmp_path, action, class_, **parameters)
        assert not [one for one in loaded if one.startswith("opsroom.archive")], action


# StackStorm's base class, played, then an action: after how many new objects garbage is looked for
# when the first module below the action is loaded.
_LOADING = """
import gc, sys, types
names = ("st2common", "st2common.runners", "st2common.runners.base_action")
sys.modules.update({name: types.ModuleType(name) for name in names})
sys.modules[names[-1]].Action = type("Action", (), {})

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "opsroom.commands":
            print(gc.get_threshold()[0])

sys.meta_path.insert(0, Watch())
import page
"""


def test_garbage_is_looked_for_seldom_before_the_library_is_loaded(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADING],
        cwd=tmp_path,
        env=_environment(),
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["50000"], done.stderr


def test_data_classes_of_the_library_are_the_light_ones() -> None:
    library = ROOT / "actions" / "lib" / "opsroom"
    heavy = [
        str(path.relative_to(library))
        for path in library.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"
        for one in node.names
        if one.name == "dataclass" and path.parent.name != "structs"
    ]
    assert heavy == []


def test_who_is_on_call_needs_no_big_package(tmp_path: Path) -> None:
    log = {"kind": "local", "on_call": {"web-team": ["bob"]}}
    more = {"pagers": {"log": log}, "teams": {"web-team": {"log": "web-team"}}}
    assert loaded_by(tmp_path, "get_on_call", "GetOnCall", more) == set()
    assert loaded_by(tmp_path, "watch_pages", "WatchPages") == set()


def test_a_page_and_a_card_load_what_talks_to_the_vendor_and_no_sqlalchemy(tmp_path: Path) -> None:
    with Pager() as pager, Jira() as jira:
        more = {
            "pagers": {
                "duty": {
                    "kind": "pagerduty",
                    "token": "t",
                    "from": "bot@example.com",
                    "url": pager.url,
                }
            },
            "teams": {"web-team": {"duty": "PWEB"}},
            "trackers": {
                "work": {
                    "kind": "jira",
                    "url": jira.url,
                    "user": "b",
                    "token": "t",
                    "project": "OPS",
                }
            },
        }
        loaded_by(tmp_path, "list_locks", "ListLocks", more)  # makes the tables
        page = loaded_by(tmp_path, "page", "Page", more, who="web-team", message="checkout is down")
        card = loaded_by(tmp_path, "create_card", "CreateCard", more, text="Checkout is slow")
    assert page == {"requests", "urllib3"}
    assert card == {"requests", "urllib3", "jira"}


def test_history_in_a_database_at_head_loads_no_big_package(tmp_path: Path) -> None:
    loaded_by(
        tmp_path, "get_history", "GetHistory", limit=20, environment="uat"
    )  # makes the tables
    assert loaded_by(tmp_path, "get_history", "GetHistory", limit=20, environment="uat") == set()


def test_importing_an_action_loads_no_big_package() -> None:
    actions = sorted(path.stem for path in (ROOT / "actions").glob("*.py"))
    # One process imports all: what none of them loads, no single one loads.
    code = "import sys\nfor action in sys.argv[1:]:\n    __import__(action)\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, *actions],
        env=_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert (BIG & loaded, set(actions) - loaded) == (set(), set())
