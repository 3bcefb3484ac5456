"""The imports of each kind.

Each is measured in a process of its own, in which an action's own modules, `requests` and st2client
are loaded already. A kind does its work twice there, at a server that knows nothing: what the first
time takes more of processor time than the second is the import.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

from benchmarks.harness import Checkout, run_python, table
from benchmarks.kinds.jenkins import JENKINS, Jenkins
from benchmarks.world import make_world

# The smallest config of each kind; HOST is a server that knows nothing.
_GITHUB = {"repository": "acme/web", "token": "t", "url": "HOST"}
_GITLAB = {"project": "acme/web", "token": "t", "url": "HOST"}
_KUBERNETES = {
    "url": "HOST",
    "token": "t",
    "namespace": "shop",
    "workload": "deployment/web",
    "image": "registry.example.com/web:{version}",
}
# Nobody listens there.
_SSH = {"hosts": ["127.0.0.1:9"]}
_STACKSTORM = {"action": "acme.deploy", "url": "HOST", "api_key": "k"}
DEPLOYS: Mapping[str, Mapping[str, Any]] = {
    "argocd": {"url": "HOST", "token": "t"},
    "command": {"command": ["true"]},
    "git": {},  # the little world has a repository
    "github": {**_GITHUB, "workflow": "deploy.yml"},
    "gitlab": _GITLAB,
    "jenkins": JENKINS,
    "kubernetes": _KUBERNETES,
    "ssh": {**_SSH, "command": ["true"]},
    "stackstorm": {**_STACKSTORM, "parameters": {"version": "{version}"}},
}
VERSIONS: Mapping[str, Mapping[str, Any]] = {
    "argocd": {"url": "HOST", "token": "t"},
    "command": {"command": ["echo", "v1.0.0"]},
    "directory": {"path": "/"},
    "github": _GITHUB,
    "http": {"url": "HOST/version", "json": "version"},
    "gitlab": _GITLAB,
    "jenkins": JENKINS,
    "kubernetes": _KUBERNETES,
    "ssh": {**_SSH, "command": ["true"]},
    "stackstorm": _STACKSTORM,
}

_IMPORTS = """
import json, sys, time
paths, job = sys.argv[1].split(":"), json.loads(sys.argv[2])
sys.path[:0] = paths
import opsroom.action, requests, st2client.client
import opsroom.commands.deployments.commands, opsroom.commands.deployments.pipeline
import opsroom.commands.deployments.running_version, opsroom.deploys, opsroom.versions
from opsroom.commands import KINDS
from opsroom.config import load
from opsroom.deploys import Target
from opsroom.errors import OpsroomError
from opsroom.http.client import HttpClient

class Job:
    deployment, requester, before, verify_for = "d1", "alice", "", 10.0
    def running(self): pass
    def keep(self, name, value): pass
    def kept(self, name): return ""
    def note(self, line): pass
    def link(self, address): pass
    def check(self): pass

def work():
    kind = job["kind"]
    started = time.process_time()
    settings = load(job["config"], KINDS)
    read = time.process_time()
    app, target = settings.apps["web"], Target("web", "uat")
    try:
        if job["part"] == "deploy":
            made = opsroom.deploys.REGISTRY.make(kind, app.deploy.options, target=target)
            made.deploy(made.resolve("v1.0.0"), Job())
        else:
            opsroom.versions.REGISTRY.make(kind, app.version.options, target=target).ask()
    except OpsroomError as error:
        print(error.message, file=sys.stderr)
    return read - started, time.process_time() - read

load(job["plain"], KINDS)
for _ in range(2):
    try:
        HttpClient().get(job["host"])
    except OpsroomError:
        pass
before = set(sys.modules)
first = work()
loaded = sorted(set(sys.modules) - before)
second = work()
print(json.dumps({"read": first[0] - second[0], "use": first[1] - second[1], "loaded": loaded}))
"""


class Cost(NamedTuple):
    """Of one kind, in seconds of processor time: when the config names it, which every action pays,
    and when it does its work; and the modules that it loads, all in all."""

    read: float
    use: float
    loaded: Tuple[str, ...]


def imports(checkout: Checkout, python: str, rounds: int) -> Dict[Tuple[str, str], Cost]:
    """The cost of each kind by ("deploy" or "version", its name); medians of the rounds. A
    kind that has no config here is left out, and that is printed."""
    kept: Dict[Tuple[str, str], List[Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="opsroom-kinds-") as name, Jenkins() as jenkins:
        folder, host = Path(name), jenkins.url
        world = make_world(folder)
        plain = {**world, "apps": {}}
        for turn in range(rounds + 1):
            for part, kind, config in _configs(checkout, python, folder, world, host):
                job = {
                    "part": part, "kind": kind, "config": config, "plain": plain, "host": host,
                }  # fmt: skip
                arguments = [":".join(checkout.paths), json.dumps(job)]
                result = run_python(python, _IMPORTS, arguments, folder).result
                if turn:
                    cost = Cost(result["read"], result["use"], tuple(result["loaded"]))
                    kept.setdefault((part, kind), []).append(cost)
    return {
        key: Cost(
            statistics.median(one.read for one in costs),
            statistics.median(one.use for one in costs),
            costs[0].loaded,
        )
        for key, costs in kept.items()
    }


def _configs(
    checkout: Checkout, python: str, folder: Path, world: Mapping[str, Any], host: str
) -> List[Tuple[str, str, Dict[str, Any]]]:
    code = (
        "import json, sys; sys.path[:0] = sys.argv[1:]\n"
        "import opsroom.deploys as d, opsroom.versions as v\n"
        "print(json.dumps({'deploy': d.REGISTRY.kinds(), 'version': v.REGISTRY.kinds()}))"
    )
    kinds = run_python(python, code, checkout.paths, folder).result
    examples = {"deploy": DEPLOYS, "version": VERSIONS}
    made = []
    for part, names in kinds.items():
        for kind in names:
            if kind not in examples[part]:
                print(f"{__name__} has no config of the {part} kind {kind}", flush=True)
                continue
            text = json.dumps({"kind": kind, **examples[part][kind]}).replace("HOST", host)
            web = world["apps"]["web"]["deploy"] if kind == "git" else json.loads(text)
            made.append((part, kind, {**world, "apps": {"web": {part: web}}}))
    return made


def imports_table(costs: Mapping[str, Mapping[Tuple[str, str], Cost]]) -> str:
    heading = ["kind"]
    for who in costs:
        heading += [f"{who}: named in the config", "used", "modules of opsroom"]
    keys = list(dict.fromkeys(key for one in costs.values() for key in one))
    rows = []
    for part, kind in keys:
        row = [f"{part} kind {kind}"]
        for one in costs.values():
            cost = one.get((part, kind))
            if cost is None:
                row += ["-"] * 3
                continue
            own = sum(1 for name in cost.loaded if name.startswith("opsroom."))
            times = (max(one, 0.0) * 1000 for one in (cost.read, cost.use))
            row += [*(f"{one:.1f}" for one in times), str(own)]
        rows.append(row)
    return f"Milliseconds of processor time.\n\n{table(heading, rows)}"
