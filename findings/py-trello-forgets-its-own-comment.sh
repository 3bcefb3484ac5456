#!/usr/bin/env bash
# Behaviour: right after comment(), a card of py-trello has no comments: fetch_comments() sends no request while the number of comments, as
#   it was when the card was read, is 0, unless force=True is given. After change_list() the card's list_id is still the old list.
# One would guess: that fetch asks Trello.
# Seen: py-trello 0.20.1, 2026-11-30.
. "$(dirname "$0")/setup.sh"
install py-trello==0.20.1
python - <<'PY'
import requests
from expect import expect
from scripted_server import ScriptedServer
from trello import TrelloClient

CARD = {
    **dict.fromkeys(("desc", "url", "shortUrl"), ""),
    **dict.fromkeys(("labels", "idLabels", "idMembers", "idChecklists", "customFieldItems"), []),
    **dict.fromkeys(("due", "idAttachmentCover"), None),
    **dict.fromkeys(("closed", "subscribed", "dueComplete"), False),
    "id": "5f0000000000000000000001",
    "name": "checkout is down",
    "idList": "open",
    "idBoard": "ops",
    "idShort": 1,
    "pos": 1,
    "dateLastActivity": "2026-11-30T10:00:00.000Z",
    "badges": {"attachments": 0, "checkItems": 0, "checkItemsChecked": 0, "comments": 0, "description": False},
}


def answer(method, path):
    if "/actions" in path:
        comment = {"id": "1", "type": "commentCard", "date": CARD["dateLastActivity"], "data": {"text": "fixed"}}
        return 200, {}, comment if method == "POST" else [comment]
    if "/cards/" in path:
        return 200, {}, CARD
    return 200, {}, {"id": "ops", "idBoard": "ops", "name": "Ops", "closed": False, "url": "", "desc": "", "pos": 1}


class Redirected(requests.Session):
    def request(self, method, url, **arguments):
        return super().request(method, url.replace("https://api.trello.com", server.url), **arguments)


server = ScriptedServer(answer)
client = TrelloClient(api_key="key", api_secret="token", http_service=Redirected())
card = client.get_card(CARD["id"])
card.comment("fixed")
server.requests.clear()
expect("comments", (card.fetch_comments(), server.requests), ([], []))
expect("with force=True", len(card.fetch_comments(force=True)), 1)
card.change_list("done")
expect("list", card.list_id, "open")
PY
