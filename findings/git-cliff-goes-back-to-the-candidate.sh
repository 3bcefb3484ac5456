#!/usr/bin/env bash
# Behaviour: git-cliff keeps one tag of a commit. Where the candidate v1.2.0-rc.1 was released as it is, on the same commit, it does not know
#   v1.2.0: the changelog has no section for it, and after the next fix --bumped-version answers v1.2.0-rc.2, which is older than what runs.
# One would guess: v1.2.1, as commitizen and python-semantic-release answer.
# Seen: git-cliff 2.14.2, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install git-cliff==2.14.2
mkdir repository && cd repository
python - <<'PY'
import re

from expect import expect
from git_history import commit, git, program, tag

git("init", "--quiet", "--initial-branch", "main")
commit("feat: begin")
tag("v1.1.0")
commit("feat: add locks")
tag("v1.2.0-rc.1")
tag("v1.2.0")
commit("fix: release locks")
expect("next version", program("git-cliff", "--bumped-version"), "v1.2.0-rc.2")
sections = re.findall(r"^## \[(.+?)\]", program("git-cliff"), re.MULTILINE)
expect("sections", sections, ["unreleased", "1.2.0-rc.1", "1.1.0"])
PY
