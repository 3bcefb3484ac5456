#!/usr/bin/env bash
# Behaviour: describe() of dulwich counts the commits that it passes until it meets a tag, by date: 2 after a merge where git counts 5, so that
#   a number which is part of a version is used twice or goes down. Where one tag of the repository is a tag of a tag ("stable" on the tag
#   v1.0.1, as `git tag -a stable v1.0.1` makes it), it raises AssertionError for every commit.
# One would guess: what `git describe` and pygit2 answer.
# Seen: dulwich 1.2.21 and pygit2 1.21.0, 2026-12-01.
. "$(dirname "$0")/setup.sh"
install dulwich==1.2.21 pygit2==1.21.0
mkdir repository && cd repository
python - <<'PY'
import pygit2
from dulwich import porcelain
from expect import expect
from git_history import commit, git, tag
from scripted_server import outcome


def described():
    texts = git("describe"), pygit2.Repository(".").describe(), porcelain.describe(".")
    return [text.rsplit("-", 1)[0] for text in texts]


git("init", "--quiet", "--initial-branch", "main")
commit("begin")
tag("v1.0.0")
for number in range(3):
    commit(f"work {number}")
git("checkout", "--quiet", "-b", "hotfix", "v1.0.0")
commit("hotfix")
tag("v1.0.1")
git("checkout", "--quiet", "main")
commit("more work")
git("merge", "--quiet", "--no-ff", "--message", "Merge the hotfix", "hotfix")
expect("git, pygit2, dulwich", described(), ["v1.0.1-5", "v1.0.1-5", "v1.0.1-2"])
git("tag", "--annotate", "--message", "stable", "stable", "v1.0.1")
expect("dulwich with a tag of a tag", outcome(lambda: porcelain.describe(".")), "AssertionError")
PY
