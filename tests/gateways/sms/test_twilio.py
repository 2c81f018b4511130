"""What only Twilio does: signatures as published, senders chosen by a service."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from dispatcher.domain.messages import Callback
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.proofs import UrlSeal
from dispatcher.gateways.registry import build
from tests.gateways.letters import text_message
from tests.gateways.providers.twilio import Twilio

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
TWICE = "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234"


@pytest.mark.parametrize(
    ("body", "signature"),
    [(urlencode(CALL), "RSOYDt4T1cUTdK1PDd93/VVr8B8="), (TWICE, "IK+Dwps556ElfBT0I3Rgjkr1wJU=")],
)
def test_published_signatures_fit(body: str, signature: str) -> None:
    """As the vendor's documentation and library have them, for the token 12345."""
    headers = {"x-twilio-signature": signature}
    callback = Callback("POST", "/myapp.php", {}, headers, body.encode(), 0.0, URL)
    UrlSeal(SecretStr("12345"), "x-twilio-signature").check(callback)
    for url in (URL.replace("foo=1", "foo=2"), URL.partition("?")[0]):
        with pytest.raises(CallbackRejected):
            UrlSeal(SecretStr("12345"), "x-twilio-signature").check(callback._replace(url=url))


def test_a_messaging_service_chooses_the_number() -> None:
    """It is named in each request, in place of the brand's sender, which would go first."""
    service = {"messaging_service_sid": "MG0123456789abcdef0123456789abcdef"}
    gateway = build("acme", "twilio", {**Twilio.options, **service})
    assert isinstance(gateway, ApiGateway)
    body = gateway.compose([text_message(1)]).content.decode()
    assert "MessagingServiceSid=MG0123456789abcdef0123456789abcdef" in body
    assert "From=" not in body


def test_no_callbacks_without_a_token() -> None:
    """An empty token signs for everybody, so it is believed from nobody."""
    gateway = build("acme", "twilio", {**Twilio.options, "auth_token": ""})
    with pytest.raises(CallbackRejected, match="not set up"):
        gateway.read(Twilio().callback("delivered"))


def test_the_account_is_known_by_a_header_alone() -> None:
    """No password in a URL, where logs would keep it."""
    gateway = Twilio().built()
    assert isinstance(gateway, ApiGateway)
    request = gateway.compose([text_message(1)])
    given = base64.b64decode(request.headers["authorization"].removeprefix("Basic "))
    assert given.decode() == f"{Twilio.options['account_sid']}:{Twilio.secret}"
    assert not request.url.userinfo
