"""The options of a tracker of kind trello, and which cards and projects are its own."""

from __future__ import annotations

from dataclasses import field

from ...config.fields import Fields
from ...http.options import LOOK_FOR, read_look_for, read_time_limit, read_url, read_verify
from ...names import shown
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from .. import Reading

_ID = lazy_pattern(r"^(?:[A-Za-z0-9]{8}|[0-9a-fA-F]{24})(?![\s\S])")
_ADDRESS = lazy_pattern(
    r"^(?i:https?://(?:www\.)?trello\.com)/([bc])/([A-Za-z0-9]{8}|[0-9a-fA-F]{24})"
    r"(?:[/?#]\S*)?(?![\s\S])"
)
# They stand between quotes in a header.
_SECRET = lazy_pattern(r"^[ !#-\[\]-~]+(?![\s\S])")


@dataclass(frozen=True)
class Options:
    """`board` is a short link or an id, `column` the name or the id of the list for new cards;
    `time_limit` in s."""

    board: str
    column: str
    key: str = field(repr=False)
    token: str = field(repr=False)
    url: str = field(default="https://api.trello.com/1", repr=False)
    time_limit: float = 10.0
    verify: str = ""
    look_for: float = LOOK_FOR

    def reads_card(self, typed: str) -> Reading:
        """Sure of a card's address; a word of 8 letters and digits, or an id of 24, may be a
        card's."""
        address = _ADDRESS.match(typed.strip())
        if address:
            return Reading(address.group(2), sure=True) if address.group(1) == "c" else Reading()
        return Reading(typed.strip()) if _ID.match(typed.strip()) else Reading()

    def reads_project(self, typed: str) -> Reading:
        """Sure of the board of the config, by what the config calls it or by its address; nothing
        else is a project."""
        address = _ADDRESS.match(typed.strip())
        name = address.group(2) if address and address.group(1) == "b" else typed.strip()
        return Reading(self.board, sure=True) if name and name == self.board else Reading()


def read_options(fields: Fields) -> Options:
    """Cards on the lists of one board. A card's id is its short link, `AbCd1234`; its address may
    be typed as well.

    - `key` (text): the API key.
    - `token` (text): the token of the user in whose name opsroom speaks to Trello.
    - `board` (short link, id or address): the board; its short link is the word of 8 characters in
      its address.
    - `list` (id or name): the list for new cards; an id saves a request for each of them.
    - `url`: the address of Trello's API, with the version `1` at its end.
    - `time_limit`: how long a command may take in all, with every request and wait.
    """
    board = fields.text("board", expected="the short link or the id of a board")
    address = _ADDRESS.match(board)
    if address and address.group(1) == "b":
        board = address.group(2)
    elif board and not _ID.match(board):
        fields.problem(
            "board",
            f"expected the short link (8 characters) or the id of a board, found {shown(board)}",
        )
    options = Options(
        board=board,
        column=fields.text("list", expected="the id or the name of the list for new cards"),
        key=fields.secret("key", expected="an API key"),
        token=fields.secret("token", expected="a token"),
        url=read_url(fields, default="https://api.trello.com/1"),
        time_limit=read_time_limit(fields),
        verify=read_verify(fields),
        look_for=read_look_for(fields),
    )
    for name, value in (("key", options.key), ("token", options.token)):
        if value and not _SECRET.match(value):
            # What was found is not shown: it is a secret anyway.
            fields.problem(name, "expected plain letters and digits on one line, without quotes")
    return options
