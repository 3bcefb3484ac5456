#!/usr/bin/env bash
# Behaviour: setuptools-scm takes each tag with a digit for a release and drops the words before its number: after a pipeline has tagged
#   "deployed-prod-20261201", the version of that commit is 20261201, and every later 1.x is older. "chart-4.5.6" makes it 4.5.6.
# One would guess: 1.2.4.dev1, the version after the tag v1.2.3; dunamai passes over both tags, and versioningit refuses them.
# Seen: setuptools-scm 10.3.4 and dunamai 1.26.5, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install setuptools-scm==10.3.4 dunamai==1.26.5
mkdir repository && cd repository
python - <<'PY'
from expect import expect
from git_history import commit, git, program, tag

with open("pyproject.toml", "w") as file:
    file.write("[project]\nname = 'api'\ndynamic = ['version']\n[tool.setuptools_scm]\n")
git("init", "--quiet", "--initial-branch", "main")
commit("begin")
tag("v1.2.3")
commit("fix")
seen = {"none": program("python", "-m", "setuptools_scm")[:10]}
for name in ("deployed-prod-20261201", "chart-4.5.6"):
    tag(name)
    seen[name] = program("python", "-m", "setuptools_scm")
    expect(f"dunamai after {name}", program("dunamai", "from", "git")[:17], "1.2.3.post1.dev0+")
    git("tag", "--delete", name)
expect("setuptools-scm", seen, {"none": "1.2.4.dev1", "deployed-prod-20261201": "20261201", "chart-4.5.6": "4.5.6"})
PY
