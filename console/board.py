"""`make board`: a tiny world on a busy day, and its board as a page to open in a browser.

Everything on it really happened in that world: people said it, and a deployment is still going on
while the page is made.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

from opsroom.board.__main__ import main as make_page
from opsroom.board.publication import NAME
from opsroom.db.store import open_store
from opsroom.records.claims import current

from . import PACK
from .demo import PRELUDE, Line, play
from .opening import CannotOpen, open_session
from .world import World, build

FOLDER = PACK / "var" / "board"
PICTURE = PACK / "docs" / "board.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Wide enough for the timeline beside the versions, and as high as the day is long.
SIZE = (1280, 1000)

DAY = (
    Line("alice", "#dev", "deploy web v1.2.0 to test", "succeeded", "deployed"),
    Line("alice", "#dev", "promote web from test to uat", "succeeded", "deployed"),
    Line("bob", "#dev", "deploy api v2.1.0 to test", "succeeded", "deployed"),
    Line("bob", "#dev", "promote api from test to uat", "succeeded", "deployed"),
    Line("bob", "#dev", "deploy api v2.2.0-broken to uat", "failed", "deploy_failed"),
    Line("bob", "#dev", "deploy web v1.3.0-rc1 to test", "succeeded", "deployed"),
    Line("alice", "#ops", "deploy web v1.2.0 to production", "succeeded", "waiting"),
    Line("bob", "#dev", "lock web on uat: load test for 2h", "succeeded", "locked_now"),
    Line("alice", "#dev", "page web-team: checkout takes no cards", "succeeded", "paged"),
)
GOING = Line("dave", "#dev", "deploy api v2.2.0 to test", "succeeded", "deployed")

# How long a deployment may take to begin on a slow machine, in seconds.
_PATIENCE = 60.0


def main(arguments: Optional[List[str]] = None) -> int:
    """Make the page. Returns 1 when the day did not go as it must, 2 when there is no world."""
    parser = argparse.ArgumentParser(prog="python -m console.board", description="The board.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the world is built")
    parser.add_argument("--picture", action="store_true", help="draw docs/board.png of it")
    given = parser.parse_args(arguments)
    folder = given.folder.resolve()
    page = folder / "board" / NAME
    try:
        wrong = make(build(folder))
        if given.picture and not wrong:
            draw(page, PICTURE)
    except (RuntimeError, CannotOpen, OSError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 2
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    if not wrong:
        print(f"Open it in a browser: file://{page}")
    return 1 if wrong else 0


def draw(page: Path, picture: Path, size: Tuple[int, int] = SIZE) -> None:
    """The page as a browser shows it that is so wide and high. Raises RuntimeError without one."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise RuntimeError(f"The picture takes a browser: {', '.join(BROWSERS)}.")
    width, height = size
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--force-device-scale-factor=1"]
    options += [f"--window-size={width},{height}", f"--screenshot={picture}"]
    subprocess.run([browser, *options, page.as_uri()], check=True, capture_output=True)


def make(world: World) -> List[str]:
    """Let the day pass in a world and make its page; returns a sentence for each line that did not
    end as it must."""
    _can_fail_and_wait(world.folder / "release.py")
    session = open_session(world.config, PACK, world.database)
    wrong = play(session, [*PRELUDE, *DAY], lambda line: None, lambda reply: None)
    with _going_on(world, GOING):
        status = make_page([str(world.config), "--database", world.database])
    return wrong if status == 0 else [*wrong, "The page was not made."]


def _can_fail_and_wait(script: Path) -> None:
    """Let the world's deploy script refuse what is broken, and wait while a file is there."""
    text = script.read_text("utf-8")
    wait = 'while (Path(__file__).parent / "hold").exists(): time.sleep(0.05)'
    step = "        print(step, flush=True)\n"
    refuse = '        if "broken" in sys.argv[2]: sys.exit("1 of 2 servers restarted")\n'
    text = text.replace(step, f"{step}        {wait}\n{refuse}")
    script.write_text(text.replace("import sys\n", "import sys\nimport time\n"), "utf-8")


@contextmanager
def _going_on(world: World, line: Line) -> Iterator[None]:
    """While this lasts, what the line asks for is being deployed."""
    hold = world.folder / "hold"
    hold.touch()
    command = [sys.executable, "-m", "console", "--config", str(world.config)]
    command += ["--database", world.database, "--as", line.speaker, "--room", line.room]
    process = subprocess.Popen(
        command, cwd=PACK, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdin is not None
        process.stdin.write(f"{line.text}\n")
        process.stdin.close()
        _wait_for_a_step(world)
        yield
    finally:
        hold.unlink()
        process.wait(_PATIENCE)


def _wait_for_a_step(world: World) -> None:
    store = open_store(world.database)
    deadline = time.monotonic() + _PATIENCE
    try:
        while True:
            with store.read() as connection:
                if any(one.step == "deploying" for one in current(store, connection)):
                    return
            if time.monotonic() > deadline:
                raise RuntimeError("The deployment that is to be shown did not begin.")
            time.sleep(0.05)
    finally:
        store.close()


if __name__ == "__main__":
    sys.exit(main())
