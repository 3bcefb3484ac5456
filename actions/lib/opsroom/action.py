"""The base class of every action: config and identity in, outcome out. The only file that imports
st2common."""

from __future__ import annotations

import gc
import logging
import os
import re
import traceback
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, ClassVar, Dict, Mapping, Optional, Tuple
from urllib.parse import quote

try:
    from st2common.runners.base_action import Action as BaseAction

    # StackStorm starts a process for each action. Python looks for garbage after every 700 new
    # objects, many times while opsroom and requests are imported, and none of that is garbage; so
    # it looks less often from here on.
    gc.set_threshold(50_000)
    _PROCESS_OF_ITS_OWN = True
    _RUNNER = os.getppid()
except ImportError:  # no StackStorm here: the console runs the same classes on this stand-in
    _PROCESS_OF_ITS_OWN = False
    _RUNNER = 0

    class BaseAction(ABC):  # type: ignore[no-redef]
        """What StackStorm's class gives an action, its config and a logger, and what it wants of
        one: `run`."""

        def __init__(
            self, config: Optional[Mapping[str, Any]] = None, action_service: Any = None
        ) -> None:
            self.config = config or {}
            self.action_service = action_service
            self.logger = logging.getLogger("opsroom")

        @abstractmethod
        def run(self, **parameters: Any) -> Any:
            """Do what the action is for; the parameters are those of its YAML file."""


from . import pack_version
from .commands import KINDS, Context, Effect, Outcome
from .config import load
from .config.model import Settings
from .db.url import read_address
from .errors import Code, OpsroomError, Refusal
from .people import Speaker, identify, unproven
from .people.identities import address, nick
from .secrets import Redactor, redactor_for
from .stackstorm.chat import MaskedRoom, NoRoom, Room, StackStormRoom, addressed, is_errbot, nick_of
from .stackstorm.context import Starter, starter_of
from .structs import dataclass
from .text import MESSAGE_CHARACTERS, in_lines, message, neutralise_data, shorten

PACK = Path(__file__).resolve().parents[3]
Result = Tuple[bool, Dict[str, Any]]


@dataclass
class Surroundings:
    """What stands in for StackStorm around an action, elsewhere than in StackStorm.

    `rooms` makes a room of its name; without it, `room` stands for all of them.
    """

    database: str = ""
    room: Optional[Room] = None
    execution_id: str = ""
    rooms: Optional[Callable[[str], Room]] = None


class OpsroomAction(BaseAction):  # type: ignore[misc]
    """Runs one use case: settings, identity, context, outcome. Nothing but a sentence and facts
    ever leaves it."""

    surroundings: ClassVar[Optional[Surroundings]] = None
    # In doubt an action changes something: one that only reads says so.
    effect: ClassVar[Effect] = Effect.CHANGES

    def answer(
        self, use_case: Callable[[Context], Outcome], requester: str, room: str, st2_user: str
    ) -> Result:
        """Run a use case for the requester, and turn whatever comes of it into an action's
        result."""
        redactor = redactor_for(self.config)
        self._shown, self._nick = "", nick(requester)
        try:
            ok, result = self._run(use_case, requester, room, st2_user, redactor)
        except OpsroomError as error:
            ok = False
            how = "refused" if isinstance(error, Refusal) else "failed"
            result = {
                **error.facts,
                "outcome": how,
                "code": error.code,
                "message": error.message,
                "hint": error.hint,
            }
        except Exception as error:
            # The traceback goes to the execution's stderr, for administrators; the room reads one
            # sentence.
            self.logger.error("%s", redactor.text(traceback.format_exc()))
            ok = False
            result = {
                "outcome": "crashed",
                "code": Code.CRASHED,
                "message": f"opsroom hit an internal error ({type(error).__name__}).",
                "hint": "To see why, an administrator can run: st2 execution get "
                f"{self._execution_id()}",
            }
        if _PROCESS_OF_ITS_OWN:
            # It ends now. Python would look for garbage again, for 0.05 s, unless there is
            # nothing to look through.
            gc.freeze()
        if (
            is_errbot((self.config or {}).get("route"))
            and room
            and room
            not in (
                requester,
                address(requester)[1],
            )
        ):
            result = addressed(result, nick_of(self._nick), self._shown)
        # What programs go by is ours, and no secret of anyone's.
        shown = neutralise_data(result)
        ours = {key: shown[key] for key in ("code", "outcome")}
        fitted = _fit({**neutralise_data(redactor.data(shown)), **ours})
        if _PROCESS_OF_ITS_OWN and os.getppid() != _RUNNER:
            self._hand_over(ok, fitted)
        return ok, fitted

    def answer_free_text(
        self,
        use_case: Callable[..., Outcome],
        typed: Optional[str],
        given: Mapping[str, Optional[str]],
        requester: str,
        room: str,
        st2_user: str,
        **more: Any,
    ) -> Result:
        """`answer` for a command with free text, which has the name of its action.

        In chat `typed` is the whole message, from which the values of `given` are read; `use_case`
        gets them in the order of `given`, then `more`.
        """
        # Builds the forms of all commands, for 10 ms that commands without free text need not wait.
        from .grammar.free_text import whole

        def with_values(context: Context) -> Outcome:
            values = whole(use_case.__name__, typed, **given)
            return use_case(context, *values.values(), **more)

        return self.answer(with_values, requester, room, st2_user)

    def _hand_over(self, ok: bool, result: Dict[str, Any]) -> None:
        """The runner is gone, and nobody reads what this process returns: StackStorm gets it from
        here."""
        from .stackstorm.executions import hand_over  # loads st2client

        try:
            hand_over(self._execution_id(), ok, result)
        except OpsroomError as error:
            self.logger.warning("could not hand over the result after the runner died: %s", error)

    def _run(
        self,
        use_case: Callable[[Context], Outcome],
        requester: str,
        room: str,
        st2_user: str,
        redactor: Redactor,
    ) -> Result:
        settings = load(dict(self.config), KINDS)
        starter = starter_of(requester, room, st2_user)
        try:
            speaker = identify(
                settings, starter.requester, starter.st2_user, starter.room, starter.at
            )
        except Refusal as refusal:
            if self.effect is not Effect.READS:
                nobody = unproven(starter.requester, starter.st2_user, starter.room)
                self._refuse(self._context(settings, nobody, starter, redactor), refusal)
            raise
        self._shown, self._nick = speaker.shown, speaker.nick
        if speaker.voucher is not None and not speaker.voucher.is_current:
            self.logger.warning(
                "the script of the relay %s is of opsroom %s, this is opsroom %s",
                starter.st2_user,
                speaker.voucher.version,
                pack_version(),
            )
        context = self._context(settings, speaker, starter, redactor)
        try:
            if self.effect is not Effect.READS:
                from .commands.admission import admit  # loads the driver

                admit(context, self._command(), self.effect)
            outcome = use_case(context)
        finally:
            context.finish()
        facts = {**outcome.facts, "outcome": "succeeded" if outcome.ok else "failed"}
        return outcome.ok, {**facts, "code": outcome.code, "message": outcome.message, "hint": ""}

    def _refuse(self, context: Context, refusal: Refusal) -> None:
        from .commands.admission import refuse  # loads the driver

        try:
            refuse(context, self._command(), refusal)
        finally:
            context.finish()

    def _command(self) -> str:
        """What the record calls the command where it was refused before it began: `ack page`."""
        return re.sub(r"(?<!^)(?=[A-Z])", " ", type(self).__name__).lower()

    def _context(
        self, settings: Settings, speaker: Speaker, starter: Starter, redactor: Redactor
    ) -> Context:
        around = self.surroundings

        def masked(name: str) -> Room:
            return MaskedRoom(self._room(settings, name, around), redactor.text)

        database = settings.database or (around.database if around else "") or default_database()
        return Context(
            settings=settings,
            speaker=speaker,
            database=database,
            execution_id=self._execution_id(),
            root=starter.workflow or self._execution_id(),
            keep=private_folder(database),
            room=masked(speaker.room),
            rooms=masked,
            mask=redactor.data,
        )

    def _execution_id(self) -> str:
        around = self.surroundings
        return around.execution_id if around else os.environ.get("ST2_ACTION_EXECUTION_ID", "")

    def _room(self, settings: Settings, room: str, around: Optional[Surroundings]) -> Room:
        if around is not None:
            return around.rooms(room) if around.rooms else around.room or NoRoom()
        if room and os.environ.get("ST2_ACTION_API_URL"):
            return StackStormRoom(room, settings.route, self.logger)
        return NoRoom()


def default_database() -> str:
    """The URL of the SQLite file used when the config names no database.

    Beside StackStorm's `packs/`, so that re-installing the pack (which empties its folder) does not
    lose the record; in a checkout, its `var/`.
    """
    folder = PACK.parent.parent / "opsroom" if PACK.parent.name == "packs" else PACK / "var"
    return f"sqlite:///{quote(str(folder / 'opsroom.db'))}"


def private_folder(database: str) -> Path:
    """The folder `kept` beside the database file; for a database on a server, beside where the file
    would be.

    Errors in a URL are reported when the database is used.
    """
    for url in (database, default_database()):
        with suppress(Refusal):
            path = read_address(url).path
            if path:
                break
    return Path(path).parent / "kept"


def _fit(result: Dict[str, Any]) -> Dict[str, Any]:
    """Message and hint as a room gets them: together no longer than every relay delivers whole."""
    text, hint = message(result["message"]), message(result["hint"])
    most = MESSAGE_CHARACTERS
    while True:
        shown, advice = in_lines(*_within(text, hint, most))
        over = (
            len(shown) + 1 + len(advice) - MESSAGE_CHARACTERS
            if advice
            else len(shown) - MESSAGE_CHARACTERS
        )
        if over <= 0:
            return {**result, "message": shown, "hint": advice}
        # Line breaks that were put in count too.
        most -= over


def _within(text: str, hint: str, most: int) -> Tuple[str, str]:
    if not hint:
        return shorten(text, most), ""
    if len(text) + 1 + len(hint) > most:
        text = shorten(text, max(most - 1 - len(hint), most // 2))
        hint = shorten(hint, most - 1 - len(text))
    return text, hint
