"""What commits deliver when some of them revert others."""

from __future__ import annotations

import hashlib
import re
import time
from typing import Dict, List, Sequence, Set, Tuple

import pytest

from opsroom.deploys import Commit
from opsroom.deploys.reverts import net, referred_to
from support.cases import cases


def id_of(name: str) -> str:
    return hashlib.sha1(name.encode()).hexdigest()


class History:
    """Commits by short names, the oldest first; `@name` in a message stands for the id, `@name~` for its beginning."""  # noqa: E501

    def __init__(self) -> None:
        self.commits: List[Commit] = []

    def add(self, name: str, message: str, *parents: str, new: bool = True) -> History:
        said = re.sub(r"@(\w+)(~?)", lambda one: id_of(one[1])[: 9 if one[2] else 40], message)
        before = (self.commits[-1].id,) if self.commits else ()
        self.commits.append(Commit(id_of(name), said, tuple(map(id_of, parents)) or before, new))
        return self

    def cards(self) -> Tuple[Set[str], Set[str]]:
        """The cards that are delivered and those that are taken back, as one who reads them would find them."""  # noqa: E501
        newest_first = [one for one in reversed(self.commits) if one.new]
        found = net([*newest_first, *(one for one in self.commits if not one.new)])
        delivered = {
            card
            for said in found.delivered
            for card in read(said.text) - read(" ".join(said.but_not))
        }
        return delivered, read(" ".join(found.taken_back)) - delivered


def read(text: str) -> Set[str]:
    return set(re.findall(r"OPS-\d+", text))


REVERT = 'Revert "OPS-1 add x"\n\nThis reverts commit @a.'
REAPPLY = 'Reapply "OPS-1 add x"\n\nThis reverts commit @r.'
TABLE: Dict[str, Tuple[Sequence[Tuple[str, ...]], str, str]] = {
    # name: commits (name, message, parents...), delivered, taken back
    "nothing is reverted": ([("a", "OPS-1 add x"), ("b", "OPS-2 y")], "OPS-1 OPS-2", ""),
    "a revert in the range": ([("a", "OPS-1 add x"), ("r", REVERT)], "", ""),
    "another commit of the card stays": (
        [("a", "OPS-1 add x"), ("b", "OPS-1 more of it"), ("r", REVERT)], "OPS-1", "",
    ),
    "the revert of the revert": (
        [("a", "OPS-1 add x"), ("r", REVERT), ("rr", 'Revert "Revert "OPS-1 add x""\n\nThis reverts commit @r.')],  # noqa: E501
        "OPS-1", "",
    ),
    "reapplied, as git calls it since 2.43": (
        [("a", "OPS-1 add x"), ("r", REVERT), ("rr", 'Reapply "OPS-1 add x"\n\nThis reverts commit @r.')],  # noqa: E501
        "OPS-1", "",
    ),
    "reverted three times": (
        [("a", "OPS-1 add x"), ("r", REVERT), ("rr", 'Reapply "OPS-1 add x"\n\nThis reverts commit @r.'),  # noqa: E501
         ("rrr", 'Revert "Reapply "OPS-1 add x""\n\nThis reverts commit @rr.')], "", "",
    ),
    "an abbreviated id": ([("a", "OPS-1 add x"), ("r", "Undo it\n\nThis reverts commit @a~.")], "", ""),  # noqa: E501
    "git revert --reference": (
        [("a", "OPS-1 add x"), ("r", "It broke the tests\n\nThis reverts commit @a~ (OPS-1 add x, 2026-11-30).")],  # noqa: E501
        "", "",
    ),
    "a card of its own": (
        [("a", "OPS-1 add x"), ("r", "OPS-7 take OPS-1 out again\n\nThis reverts commit @a.")], "OPS-7", "",  # noqa: E501
    ),
    "several at once": (
        [("a", "OPS-1 x"), ("b", "OPS-2 y"), ("c", "OPS-3 z"), ("r", "Undo\n\nThis reverts commits @a, @b~ and @c.")],  # noqa: E501
        "", "",
    ),
    "by subject alone": ([("a", "OPS-1 add x"), ("r", 'Revert "OPS-1 add x"')], "", ""),
    "by a subject that was cut": (
        [("a", "OPS-1 add something with a long name"), ("r", 'Revert "OPS-1 add something with a…"')], "", "",  # noqa: E501
    ),
    "made again afterwards, under the same subject": (
        [("a", "OPS-1 add x"), ("r", REVERT), ("b", "OPS-1 add x")], "OPS-1", "",
    ),
    "conventional commits": (
        [("a", "feat: OPS-1 add x"), ("r", "revert: feat: OPS-1 add x\n\nThis reverts commit @a.")], "", "",  # noqa: E501
    ),
    "conventional commits, by their references": (
        [("a", "feat: OPS-1 add x"), ("b", "fix: OPS-2"), ("r", "revert: forget this\n\nRefs: @a~, @b~")], "", "",  # noqa: E501
    ),
    "a squash merge of GitHub, by its number": (
        [("a", "OPS-1 add x (#12)"), ("r", 'Revert "OPS-1 title of it" (#13)\n\nReverts acme/web#12')], "", "",  # noqa: E501
    ),
    "a squash merge of GitHub, by its subject": (
        [("a", "OPS-1 add x (#12)"), ("r", 'Revert "OPS-1 add x (#12)" (#13)')], "", "",
    ),
    "a merge request of GitLab": (
        [("m", "Base"), ("a", "OPS-1 x", "m"),
         ("g", "Merge branch 'OPS-1-x' into 'main'\n\nOPS-1 x\n\nSee merge request acme/web!12", "m", "a"),  # noqa: E501
         ("r", "Revert \"Merge branch 'OPS-1-x' into 'main'\"\n\nThis reverts merge request !12", "g"),  # noqa: E501
         ("n", "Merge branch 'revert-1' into 'main'\n\nRevert \"Merge branch 'OPS-1-x'\"\n\n"
               "See merge request acme/web!13", "g", "r")],
        "", "",
    ),
    "a merge, by the button of GitHub": (
        [("m", "Base"), ("a", "OPS-1 x", "m"), ("b", "OPS-2 y", "a"),
         ("g", "Merge pull request #12 from acme/OPS-1-x\n\nOPS-1 add x", "m", "b"),
         ("r", 'Revert "OPS-1 add x"\n\nThis reverts commit @g, reversing\nchanges made to @m.', "g"),  # noqa: E501
         ("n", 'Merge pull request #13 from acme/revert-12-OPS-1-x\n\nRevert "OPS-1 add x"', "g", "r")],  # noqa: E501
        "", "",
    ),
    "and that again": (
        [("m", "Base"), ("a", "OPS-1 x", "m"),
         ("g", "Merge pull request #12 from acme/OPS-1-x\n\nOPS-1 add x", "m", "a"),
         ("r", 'Revert "OPS-1 add x"\n\nThis reverts commit @g, reversing\nchanges made to @m.', "g"),  # noqa: E501
         ("n", 'Merge pull request #13 from acme/revert-12-OPS-1-x\n\nRevert "OPS-1 add x"', "g", "r"),  # noqa: E501
         ("s", 'Revert "Revert "OPS-1 add x""\n\nThis reverts commit @n, reversing\nchanges made to @g.', "n"),  # noqa: E501
         ("o", 'Merge pull request #14 from acme/revert-13-revert-12-x\n\nRevert "Revert "OPS-1 add x""', "n", "s")],  # noqa: E501
        "OPS-1", "",
    ),
    "a merge of which the only commit was reverted": (
        [("m", "Base"), ("a", "OPS-1 add x", "m"), ("g", "Merge pull request #12 from acme/OPS-1\n\nOPS-1", "m", "a"),  # noqa: E501
         ("r", REVERT, "g")],
        "", "",
    ),
    "a merge, by its other parent": (
        [("m", "OPS-3 base"), ("a", "OPS-1 x", "m"), ("b", "OPS-2 y", "m"), ("g", "Merge", "a", "b"),  # noqa: E501
         ("r", "Undo\n\nThis reverts commit @g, reversing\nchanges made to @b.", "g")],
        "OPS-2 OPS-3", "",
    ),
    "a commit that was picked from elsewhere": (
        [("p", "OPS-1 add x\n\n(cherry picked from commit @a)"), ("r", REVERT)], "", "",
    ),
    "a commit that was rebased": ([("p", "OPS-1 add x"), ("r", REVERT)], "", ""),
    "in one squash merge": (
        [("s", "OPS-5 all of it (#9)\n\n* OPS-1 add x\n\n* OPS-2 y\n\n" + f"* {REVERT.replace('@a', '@q')}")],  # noqa: E501
        "OPS-5 OPS-2", "",
    ),
    "a squash merge that reverts another commit too": (
        [("a", "OPS-1 add x"), ("s", f"OPS-5 new (#9)\n\n* {REVERT}\n\n* OPS-6 z")],
        "OPS-5 OPS-6", "",
    ),
    "all of a squash merge": (
        [("s", "OPS-5 new (#9)\n\n* OPS-6 z\n\n* OPS-7 z"), ("r", 'Revert "OPS-5 new"\n\nThis reverts commit @s.')],  # noqa: E501
        "", "",
    ),
    "of older work, whose commit nobody has": ([("r", REVERT)], "", "OPS-1"),
    "of a revert of older work": ([("r", REVERT), ("rr", REAPPLY)], "", ""),
    "again, of what was reverted before": (
        [("rr", 'Revert "Revert "OPS-1 add x""\n\nThis reverts commit @r.')], "OPS-1", "",
    ),
    "reapplied, of what was reverted before": ([("rr", REAPPLY)], "OPS-1", ""),
    "a word that looks like it": (
        [("a", "OPS-1 revert to the old layout"), ("b", "Revert colours, OPS-2")], "OPS-1 OPS-2", "",  # noqa: E501
    ),
}  # fmt: skip


@cases(("commits", "delivered", "taken"), TABLE.values())
def test_a_reverted_commit_delivers_nothing_and_the_revert_of_its_revert_does(
    commits: Sequence[Tuple[str, ...]], delivered: str, taken: str
) -> None:
    history = History()
    for name, message, *parents in commits:
        history.add(name, message, *parents)
    assert history.cards() == (set(delivered.split()), set(taken.split()))


def test_what_is_said_of_older_work_counts_where_it_is_known() -> None:
    older = History().add("a", "Add x\n\nFor OPS-1.", new=False)
    assert older.add("r", 'Revert "Add x"\n\nThis reverts commit @a.').cards() == (set(), {"OPS-1"})
    twice = History().add("a", "Add x\n\nFor OPS-1.", new=False)
    twice.add("r", 'Revert "Add x"\n\nThis reverts commit @a.', new=False)
    assert twice.add("rr", "Have it again\n\nThis reverts commit @r~.").cards() == (
        {"OPS-1"},
        set(),
    )


def test_ids_of_sha_256_are_ids_too() -> None:
    one = hashlib.sha256(b"a").hexdigest()
    commits = [
        Commit("f" * 64, f'Revert "OPS-1"\n\nThis reverts commit {one}.', (one,)),
        Commit(one, "OPS-1"),
    ]
    assert net(commits).delivered == ()
    assert referred_to([commits[0].message]) == (one,)


@pytest.mark.parametrize(
    "message",
    [
        'Revert "' + " " * 100_000 + "x",
        'Revert "' * 20_000,
        "\n" * 100_000,
        "This reverts commit " + "abcdef1, " * 20_000,
        "* " * 50_000,
        "(#1)" * 50_000,
        " (" * 50_000,
    ],
)
def test_a_message_of_any_length_is_read_in_steps_that_do_not_multiply(message: str) -> None:
    began = time.process_time()
    net([Commit("a" * 40, message, ("b" * 40,)), Commit("b" * 40, message)])
    referred_to([message])
    # A step that depends on the length of the rest takes minutes.
    assert time.process_time() - began < 5
