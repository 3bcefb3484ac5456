"""All pages of docs/reference by their names."""

from __future__ import annotations

from typing import Dict

from .. import PACK
from .codes import codes_page
from .commands import commands_page
from .configuration import configuration_page
from .kinds import kind_pages

FOLDER = PACK / "docs" / "reference"


def pages() -> Dict[str, str]:
    """The name of each file and what it has to say."""
    return {
        "commands.md": commands_page(),
        "codes.md": codes_page(),
        "configuration.md": configuration_page(),
        **kind_pages(),
    }
