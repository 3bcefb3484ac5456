"""`python -m opsroom.check FILE`: what an administrator runs before StackStorm registers the
config."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opsroom import check
from support.worlds.configs import EXAMPLE, LARGEST, ROOT

START = "environments:\n  test: {}\n"


def test_a_good_config_ends_with_status_0_and_says_so(checked) -> None:
    assert checked(START) == (0, ["FILE can be registered: no mistakes, 0 warnings."])


@pytest.mark.parametrize(
    ("text", "line", "remedy"),
    [
        ('a: "b\nc: d\n', 2, "a quote is not closed"),
        (
            'a: "b\nc: "d"\n',
            2,
            "indent the line as its neighbours, and look for a quote that is not closed above",
        ),
        ("a:\n  b: 1\n c: 2\n", 3, "indent the line as its neighbours"),
        ("a: {b: [1, 2}\n", 1, "look for a bracket, brace or quote that is not closed"),
        ("a: {b: c: d}\n", 1, "look for a bracket, brace or quote that is not closed"),
        ("a: @b\n", 1, "texts that hold"),
    ],
)
def test_what_is_no_yaml_is_answered_with_what_is_most_likely_wrong(
    checked, text: str, line: int, remedy: str
) -> None:
    status, lines = checked(text)
    assert (status, len(lines)) == (1, 2)
    assert f"FILE:{line}: " in lines[0]
    assert f"; {remedy}" in lines[0]


def test_typographic_quotes_are_a_warning(checked) -> None:
    status, lines = checked("environments:\n  test: {rooms: [“#ops”]}\n")
    assert status == 0
    assert lines[0].startswith(
        "FILE:2: warning: environments.test.rooms[0]: the typographic quotes are part of"
    )


@pytest.mark.parametrize("path", [EXAMPLE, LARGEST], ids=["example", "largest"])
def test_the_example_and_the_largest_config_are_without_a_doubt(path: Path) -> None:
    _, mistakes, warnings = check.check_file(path)
    assert (mistakes, warnings) == ([], [])


def test_it_runs_as_the_documents_say_and_ends_with_status_1_where_it_refuses(
    tmp_path: Path,
) -> None:
    path = tmp_path / "opsroom.yaml"
    path.write_text(START + "announce: #deploys\n", encoding="utf-8")
    command = [sys.executable, "-m", "opsroom.check", str(path)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "actions" / "lib")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environ)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        f"{path}:3: announce: expected the name of a room, found nothing (`#ops` without quotes "
        "is a comment)",
        f"{path} is refused: 1 mistake, 0 warnings.",
    ]


@pytest.mark.parametrize(
    ("text", "line", "place"),
    [
        ("environments:\n  test: {}\n  test: {approvals: 1}\n", 3, "environments.test"),
        (START + "lease: 60s\nlease: 90s\n", 4, "lease"),
        (START + "apps: {web: {}, web: {}}\n", 3, "apps.web"),
        (
            START + "people:\n  bob:\n    chat: [bob]\n    st2: [b]\n    chat: [rob]\n",
            7,
            "people.bob.chat",
        ),
        (
            "environments: {uat: {freezes: [{name: a, name: b, from: x, to: y}]}}\n",
            1,
            "environments.uat.freezes[0].name",
        ),
        (START + "people: {yes: {}, true: {}}\n", 3, "people.True"),
        (START + '"lease": 60s\nlease: 90s\n', 4, "lease"),
        (START + "apps:\n  web: &web {page: a, page: b}\n  api: {<<: *web}\n", 4, "apps.web.page"),
        (
            START + "pagers: {p: {kind: webhook, template: {a: [{b: 1, b: 2}]}}}\n",
            3,
            "pagers.p.template.a[0].b",
        ),
    ],
)
def test_a_key_that_stands_there_twice_is_refused_at_every_level(
    checked, text: str, line: int, place: str
) -> None:
    status, lines = checked(text)
    assert status == 1
    assert [
        one
        for one in lines
        if one.startswith(f"FILE:{line}: {place}: this key appears twice, first in line ")
    ]


def test_a_complaint_about_a_key_names_its_line_and_not_that_of_what_is_merged(checked) -> None:
    text = "teams:\n  a: &team\n    watch: 3m\n  b:\n    watch: soon\n    <<: *team\n"
    assert checked(START + text)[1][0].startswith(
        "FILE:7: teams.b.watch: expected a length of time"
    )


def test_two_merges_are_one_too_many(checked) -> None:
    text = "teams:\n  a: &a {watch: 3m}\n  b:\n    <<: *a\n    <<: *a\n"
    assert checked(START + text)[1][0].startswith(
        "FILE:7: teams.b.<<: this key appears twice, first in line 6"
    )


@pytest.mark.parametrize("before", ["\ufeff", "%YAML 1.2\n---\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_of_the_encoding_and_ends_of_lines_change_nothing(
    checked, before: str, end: str
) -> None:
    assert checked((before + START + "lease: 60s\n").replace("\n", end))[0] == 0


def test_what_is_merged_may_be_overridden(checked) -> None:
    text = START + "teams:\n  a: &team {watch: 3m, phone: '1'}\n  b: {<<: *team, watch: 5m}\n"
    assert checked(text)[0] == 0
