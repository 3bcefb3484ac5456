"""StackStorm's API as the relay asks it, with the settings and the sessions of err-stackstorm."""

from __future__ import annotations

import logging
import time
from typing import Any, Callable, Dict, List, Optional

from .aliases import Aliases, Form

log = logging.getLogger("errbot.plugins.OpsroomRelay")

# As err-stackstorm waits, in seconds.
_TIMEOUT = 10
# The most that StackStorm gives at once to someone who is no administrator.
_PAGE = 100
# How often the aliases are read, and how long they count, in seconds: as with hubot.
EVERY = 120
_COUNT = 2 * EVERY


class StackStorm:
    """Runs commands. `plugin` is err-stackstorm's plugin object."""

    def __init__(self, plugin: Any, now: Callable[[], float] = time.monotonic) -> None:
        self._plugin, self._now = plugin, now
        self._aliases: Optional[Aliases] = None
        self._read = 0.0

    def read_aliases(self) -> bool:
        """Read which aliases there are, and return whether that worked. Without them StackStorm is
        asked what each message means. Raises nothing."""
        try:
            token = self._plugin.accessctl.get_token_by_userid(self._plugin.internal_identity)
            aliases = Aliases(self._listed(token.requests()))
        except Exception as error:
            # err-stackstorm has no token while it gets another.
            log.info("the aliases of StackStorm were not read (%s)", type(error).__name__)
            return False
        self._read, self._aliases = self._now(), aliases
        return True

    def run(self, said: Any, user: str, token: Any) -> Any:
        """Have a command run, and return what StackStorm answers: a dict with `results` or with a
        `faultstring`, or another text.

        err-stackstorm asks which alias a message matches, and StackStorm looks for that again when
        it runs it, a tenth of a second each. Here the alias is known in most cases, and StackStorm
        looks whether that one still matches. `said` is errbot's message, `user` the speaker that is
        handed over, `token` err-stackstorm's.
        """
        api = self._plugin.st2api
        form = self._form(said.body)
        taken = (
            api.execute_actionalias(said, user, token)
            if form is None
            else self._execute(form, said, user, token)
        )
        if not isinstance(taken, dict) or "faultstring" not in taken:
            return taken
        matched = api.match(said.body, token)
        if matched.return_code:
            # In err-stackstorm's words.
            return matched.message
        found = Form(matched.message["actionalias"].get("name"), matched.message["representation"])
        if form in (None, found):
            return taken
        # It was refused, so that nothing runs yet: the aliases have changed since they were read.
        self._aliases = None
        return api.execute_actionalias(said, user, token)

    def _form(self, message: str) -> Optional[Form]:
        aliases = self._aliases
        fresh = aliases is not None and self._now() - self._read < _COUNT
        return aliases.match(message) if aliases is not None and fresh else None

    def _execute(self, form: Form, said: Any, user: str, token: Any) -> Any:
        room = str(said.to) if said.is_direct is False else str(said.frm)
        command = {
            "name": form.alias,
            "format": form.format,
            "command": said.body,
            "user": user,
            "source_channel": room,
            "notification_channel": room,
            "notification_route": self._plugin.cfg.route_key,
        }
        try:
            answer = self._ask("POST", "/aliasexecution", token.requests(), json=command)
            if answer.status_code == 201:
                return {"results": [answer.json()]}
            return answer.json() if answer.status_code in (400, 404) else answer.text
        except Exception as error:
            return f"Error executing action-alias:  {error}"

    def _listed(self, headers: Dict[str, str]) -> List[Any]:
        listed: List[Any] = []
        while True:
            page = {
                "limit": _PAGE,
                "offset": len(listed),
                "include_attributes": "name,formats,enabled",
            }
            answer = self._ask("GET", "/actionalias", headers, params=page)
            answer.raise_for_status()
            found = answer.json()
            listed += found
            if len(found) < _PAGE:
                return listed

    def _ask(self, method: str, path: str, headers: Dict[str, str], **given: Any) -> Any:
        import requests

        cfg = self._plugin.cfg
        return requests.request(
            method,
            cfg.api_url + path,
            headers=headers,
            timeout=_TIMEOUT,
            verify=cfg.verify_cert,
            **given,
        )
