"""The files of rbac/, read by what reads them: the loader of st2-rbac-backend, as
`st2-apply-rbac-definitions` uses it.

Needs no running StackStorm, but the Python of one: that of the `st2` on the PATH.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LOADER = """
import json, sys
from oslo_config import cfg
from st2common import config
config.register_opts(ignore_errors=True)
cfg.CONF.set_override("base_path", sys.argv[1], group="system")
from st2rbac_backend.loader import RBACDefinitionsLoader
found = RBACDefinitionsLoader().load()
print(json.dumps({
    "roles": {name: role.permission_grants for name, role in found["roles"].items()},
    "assignments": {name: one.roles for name, one in found["role_assignments"].items()},
}))
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """What `base_path` of st2.conf leads to, with our roles and the examples of assignments."""
    roles, assignments = tmp_path / "rbac" / "roles", tmp_path / "rbac" / "assignments"
    shutil.copytree(ROOT / "rbac" / "roles", roles)
    assignments.mkdir()
    for example in (ROOT / "rbac" / "assignments").glob("*.yaml.example"):
        shutil.copy(example, assignments / example.stem)
    return tmp_path


def load(base: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("st2")
    if program is None:
        pytest.skip("no st2 on the PATH, whose Python has st2-rbac-backend")
    python = Path(program).read_text().splitlines()[0][2:].strip()
    has_it = [python, "-c", "import st2rbac_backend"]
    if subprocess.run(has_it, capture_output=True).returncode:
        pytest.skip("the Python of st2 has no st2-rbac-backend")
    return subprocess.run([python, "-c", LOADER, str(base)], capture_output=True, text=True)


def test_the_loader_reads_every_role_and_assignment_as_it_is_written(base: Path) -> None:
    done = load(base)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    written: Dict[str, Any] = {}
    for path in (ROOT / "rbac" / "roles").glob("*.yaml"):
        role = yaml.safe_load(path.read_text("utf-8"))
        assert role["name"] == path.stem
        # The loader gives a grant for everything the key, without a value.
        grants = [{"resource_uid": None, **grant} for grant in role["permission_grants"]]
        written[role["name"]] = grants
    assert found["roles"] == written
    examples = {path.name.split(".")[0] for path in (ROOT / "rbac/assignments").glob("*.example")}
    assert set(found["assignments"]) == examples
    for user, roles in found["assignments"].items():
        assert set(roles) <= set(written), user


def test_the_loader_refuses_a_right_that_stackstorm_does_not_know(base: Path) -> None:
    path = base / "rbac" / "roles" / "opsroom_viewer.yaml"
    path.write_text(path.read_text("utf-8").replace("action_view", "action_look"))
    done = load(base)
    assert done.returncode
    assert "action_look" in done.stderr
