"""The signatures of the pager kind webhook, as receivers verify them."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import replace
from typing import Any, Dict

import pytest

from opsroom.errors import Code
from opsroom.pagers import Delivery
from opsroom.webhooks.signature import STANDARD, signature, standard_headers
from support.pages.webhook import PAGE, SECRET, WHSEC, pager_of
from support.troubles.table import failure, raised
from support.vendors.pagers.webhook import TOLERANCE, Receiver, verified


def test_a_signed_page_passes_a_receiver_that_checks_and_a_wrong_key_does_not() -> None:
    with Receiver(SECRET) as receiver:
        assert pager_of(receiver, secret=SECRET).page(PAGE).delivery is Delivery.ACCEPTED
        error = failure(Code.UNAUTHORIZED, pager_of(receiver, secret="another-secret").page, PAGE)
        assert "pagers.duty.secret" in error.hint
        assert raised(pager_of(receiver).page, PAGE).code is Code.UNAUTHORIZED
        assert len(receiver.taken) == 1


def test_a_signature_has_its_time_so_that_what_is_old_or_changed_can_be_refused() -> None:
    body = '{"text":"ü"}'.encode()
    header = signature(SECRET, body, at=1_800_000_000)
    expected = hmac.new(SECRET.encode(), b"1800000000." + body, hashlib.sha256).hexdigest()
    assert header == f"t=1800000000,v1={expected}"
    assert verified(SECRET, header, body, now=1_800_000_010)
    assert not verified(SECRET, header, body, now=1_800_000_000 + TOLERANCE + 1)
    assert not verified(SECRET, header.replace("t=18", "t=19"), body, now=1_900_000_000)
    assert not verified(SECRET, header, body + b" ", now=1_800_000_010)


def test_the_header_of_the_signature_can_have_another_name(receiver: Receiver) -> None:
    pager_of(receiver, secret=SECRET, signature_header="X-Hub").page(PAGE)
    (request,) = receiver.requests
    assert verified(SECRET, request.headers["x-hub"], request.body, time.time())
    assert "x-opsroom-signature" not in request.headers


def test_without_a_secret_nothing_is_signed(receiver: Receiver) -> None:
    pager_of(receiver).page(PAGE)
    assert not {"x-opsroom-signature", *STANDARD} & set(receiver.requests[0].headers)


@pytest.mark.parametrize(
    ("secret", "key"), [(WHSEC, WHSEC), (SECRET, SECRET.encode())], ids=["whsec_", "plain"]
)
def test_a_library_of_standard_webhooks_verifies_what_is_signed(
    receiver: Receiver, secret: str, key: Any
) -> None:
    standardwebhooks = pytest.importorskip("standardwebhooks")
    page = replace(PAGE, text="checkout ist kaputt: ü ✓")
    pager_of(receiver, secret=secret).page(page)
    (request,) = receiver.requests
    assert verified(secret, request.headers["x-opsroom-signature"], request.body, time.time())
    hook = standardwebhooks.Webhook(key)
    assert hook.verify(request.body, dict(request.headers))["text"] == page.text
    for name in STANDARD:
        changed = {**request.headers, name: request.headers[name][:-3] + "AA="}
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            hook.verify(request.body, changed)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        hook.verify(request.body + b" ", dict(request.headers))
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(b"another-secret").verify(request.body, dict(request.headers))


def test_the_standard_headers_are_those_of_the_specification() -> None:
    # The example of the specification's own test suite.
    key, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = standard_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", body, at=1614265330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("raw", "standard", "old"),
    [
        ({}, True, True),
        ({"signature": "both"}, True, True),
        ({"signature": "standard"}, True, False),
        ({"signature": "opsroom"}, False, True),
        # Configs of 0.3 that leave no room for the new headers.
        ({"headers": {"Webhook-Id": "7"}}, False, True),
        ({"signature_header": "webhook-signature"}, False, True),
        ({"secret": "whsec_!"}, False, True),
    ],
)
def test_which_signature_is_sent(
    receiver: Receiver, raw: Dict[str, Any], standard: bool, old: bool
) -> None:
    pager_of(receiver, **{"secret": SECRET, **raw}).page(PAGE)
    headers = receiver.requests[0].headers
    assert headers.get("webhook-signature", "").startswith("v1,") is standard
    header = headers.get(raw.get("signature_header", "x-opsroom-signature").lower(), "")
    assert header.startswith("t=") is old
