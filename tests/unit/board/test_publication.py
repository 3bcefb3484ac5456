"""Putting the page where a web server shows it: whole, readable, and once for a burst of events."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from typing import Any, Dict, List

import pytest

from opsroom.board import publication
from opsroom.board.__main__ import main
from opsroom.board.publication import publish
from opsroom.commands import Context
from opsroom.errors import Failure, Refusal
from support.waiting import until
from support.worlds.boards import context_of
from support.worlds.world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = make_world(tmp_path)
    made.config["board"] = {"folder": str(tmp_path / "www")}
    return made


def context(world: World) -> Context:
    return context_of(world.config, world.database)


def test_the_action_writes_a_page_that_a_web_server_may_read(world: World) -> None:
    world.ask("deploy", app="web", version="v1.0.0", environment="uat")
    answer = world.ask("board", "stanley", user="stanley")
    path = world.folder / "www" / "board.html"
    assert (answer["ok"], answer["code"], answer["path"]) == (True, "board", str(path))
    assert answer["message"] == (
        f"The board shows 1 application on test, uat and production: {path}"
    )
    assert (answer["applications"], answer["deploying"], answer["bytes"]) == (
        1, 0, path.stat().st_size,
    )  # fmt: skip
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.parent.stat().st_mode & 0o777 == 0o755
    assert "v1.0.0" in path.read_text("utf-8")
    assert sorted(one.name for one in path.parent.iterdir()) == [
        ".board.waits",
        ".board.works",
        "board.html",
    ]


def test_without_a_folder_it_says_which_key(world: World) -> None:
    del world.config["board"]
    with pytest.raises(Refusal, match="No folder is configured for the board") as refused:
        publish(context(world))
    assert refused.value.hint == (
        "Add to opsroom.yaml, for example: board: {folder: /var/www/opsroom}"
    )


def test_a_folder_that_cannot_be_used_is_named(world: World) -> None:
    (world.folder / "www").write_text("a file")
    with pytest.raises(Failure, match=r"The board cannot be written to .*www \(File exists\)"):
        publish(context(world))


def test_when_the_record_is_away_the_page_before_stays(world: World) -> None:
    world.ask("board", "stanley")
    path = world.folder / "www" / "board.html"
    before = path.read_bytes()
    broken = context_of(world.config, f"sqlite:///{world.folder}/nowhere/there/opsroom.db?mode=ro")
    with pytest.raises(Failure):
        publish(broken)
    assert path.read_bytes() == before


class Counted:
    """Stands in for gathering: counts, and stands still until it may go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began, self.go_on = threading.Semaphore(0), threading.Semaphore(0)
        self.count = 0
        gather = publication.gather

        def counted(context: Context) -> Any:
            self.count += 1
            self.began.release()
            self.go_on.acquire()
            return gather(context)

        monkeypatch.setattr(publication, "gather", counted)


def test_of_a_burst_one_works_one_waits_and_all_others_leave(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathering, codes = Counted(monkeypatch), []

    def make() -> None:
        mine = context(world)
        codes.append(publish(mine).code.value)
        mine.close()

    works = threading.Thread(target=make)
    works.start()
    gathering.began.acquire()
    # They begin after the first one has looked: one of them has to look again.
    others = [threading.Thread(target=make) for _ in range(8)]
    for one in others:
        one.start()
    until(lambda: len(codes) == 7, "all but the one that waits")
    assert codes == ["nothing_new"] * 7
    for _ in range(2):
        gathering.go_on.release()
    for one in (works, *others):
        one.join()
    assert sorted(codes) == ["board"] * 2 + ["nothing_new"] * 7
    assert gathering.count == 2


def test_who_waits_lets_the_next_one_wait_before_it_looks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathering = Counted(monkeypatch)
    worker = threading.Thread(target=lambda: publish(context(world)))
    worker.start()
    gathering.began.acquire()
    file = os.open(world.folder / "www" / ".board.waits", os.O_RDWR)
    # Free: one that comes now, with news that the one at work may have missed, can wait.
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(file)
    gathering.go_on.release()
    worker.join()


def test_one_that_hangs_is_named_and_keeps_nobody_forever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publication, "_PATIENCE", -4.9)
    folder = world.folder / "www"
    folder.mkdir()
    file = os.open(folder / ".board.works", os.O_RDWR | os.O_CREAT)
    fcntl.flock(file, fcntl.LOCK_EX)
    with pytest.raises(Failure, match=r"has been making the board for more than 0\.1 s"):
        publish(context(world))
    os.close(file)
    assert publish(context(world)).code.value == "board"


def run_main(world: World, capsys: Any, *arguments: str) -> Dict[str, Any]:
    import json

    path = world.folder / "opsroom.yaml"
    path.write_text(json.dumps(world.config))
    status = main([str(path), "--database", world.database, *arguments])
    shown = capsys.readouterr()
    return {"status": status, "out": shown.out, "err": shown.err}


def test_it_is_made_without_stackstorm_too(world: World, capsys: Any) -> None:
    world.ask("deploy", app="web", version="v1.0.0", environment="uat")
    done = run_main(world, capsys, "--folder", str(world.folder / "elsewhere"))
    page = world.folder / "elsewhere" / "board.html"
    assert (done["status"], done["err"]) == (0, "")
    assert done["out"].endswith(f"{page}\n")
    assert "v1.0.0" in page.read_text("utf-8")
    assert "from the record alone" not in page.read_text("utf-8")
    run_main(world, capsys, "--no-ask")
    assert "from the record alone" in (world.folder / "www" / "board.html").read_text("utf-8")


def test_without_stackstorm_s_datastore_no_place_is_asked(world: World, capsys: Any) -> None:
    headers = {"Authorization": "{{ st2kv.system.token }}"}
    version = {"kind": "http", "url": "http://127.0.0.1:9/version", "headers": headers}
    world.config["apps"]["web"]["version"] = version
    assert run_main(world, capsys)["status"] == 0
    assert "from the record alone" in (world.folder / "www" / "board.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("changes", "arguments", "status", "sentence"),
    [
        ({"board": {}}, [], 1, "No folder is configured for the board, so no page was made."),
        ({"board": {"ask": 1}}, [], 2, "board.folder: expected the full path of a folder"),
        (
            {"database": "{{ st2kv.system.url }}"},
            ["--database", ""],
            2,
            "Give it here: --database URL",
        ),
    ],
)
def test_what_is_wrong_is_said_and_is_the_status(
    world: World,
    capsys: Any,
    changes: Dict[str, Any],
    arguments: List[str],
    status: int,
    sentence: str,
) -> None:
    world.config.update(changes)
    done = run_main(world, capsys, *arguments)
    assert done["status"] == status
    assert sentence in done["err"]
