#!/usr/bin/env bash
# Behaviour: commitizen lists commits in the order of their dates and begins a section at each tag. When a hotfix that branched off v1.2.0 is
#   tagged v1.2.1 and merged, the changelog has the feature which was on main meanwhile under v1.2.1, and nothing under the release to come.
# One would guess: that a section has what is reachable from its tag: `git log v1.2.0..v1.2.1` is the fix alone, and so is git-cliff's section.
# Seen: commitizen 4.19.3, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install commitizen==4.19.3
mkdir repository && cd repository
python - <<'PY'
from expect import expect
from git_history import commit, git, program, tag

with open("pyproject.toml", "w") as file:
    file.write('[tool.commitizen]\nversion_provider = "scm"\ntag_format = "v$version"\n')
git("init", "--quiet", "--initial-branch", "main")
commit("feat: begin")
tag("v1.2.0")
commit("feat: add locks")
git("checkout", "--quiet", "-b", "hotfix", "v1.2.0")
commit("fix: stop the leak")
tag("v1.2.1")
git("checkout", "--quiet", "main")
git("merge", "--quiet", "--no-ff", "--message", "Merge the hotfix", "hotfix")
expect("git log v1.2.0..v1.2.1", git("log", "--format=%s", "v1.2.0..v1.2.1"), "fix: stop the leak")
lines = [line for line in program("cz", "changelog", "--dry-run").splitlines() if line]
seen = [line.split(" (")[0] for line in lines if not line.startswith("###")]
expect("cz changelog", seen, ["## Unreleased", "## v1.2.1", "- add locks", "- stop the leak", "## v1.2.0", "- begin"])
PY
