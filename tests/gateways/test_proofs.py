"""Proofs of callbacks hold what vendors publish, and empty or broken secrets prove nothing."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from dispatcher.domain.messages import Callback
from dispatcher.errors import CallbackRejected, ConfigError
from dispatcher.gateways.proofs import BasicAuth, OneOf, SharedToken, StandardWebhook
from dispatcher.gateways.registry import build

# https://docs.svix.com/receiving/verifying-payloads/how-manual
PUBLISHED = Callback(
    "POST",
    "/hooks/acme",
    {},
    {
        "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "svix-timestamp": "1614265330",
        "svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    },
    b'{"test": 2432232314}',
    1614265330.0,
)


def test_the_published_signature_of_the_open_format() -> None:
    """The example of the vendor's page is genuine, and nothing else is."""
    proof = StandardWebhook(SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "svix")
    proof.check(PUBLISHED)
    for other in (b'{"test": 2432232315}', b""):
        with pytest.raises(CallbackRejected, match="does not fit"):
            proof.check(PUBLISHED._replace(body=other))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!", "no base64"])
def test_a_secret_that_is_none_proves_nothing(secret: str) -> None:
    """An empty key would let anybody sign; it is refused before anything is compared."""
    with pytest.raises(CallbackRejected, match="not in base64"):
        StandardWebhook(SecretStr(secret), "svix").check(PUBLISHED)


def test_half_a_secret_is_told_at_the_start() -> None:
    """A signing secret that was copied wrongly is a matter of settings, not of callbacks."""
    with pytest.raises(ConfigError, match="webhook_secret"):
        build("acme", "resend", {"api_key": "k", "webhook_secret": "whsec_MfKQ9r8GKYqrTw!"})


def test_any_one_of_several_proofs_will_do() -> None:
    """Each kind of callback may have its own key; none of them is not enough."""
    proof = OneOf([SharedToken(SecretStr("one"), "x-token"), BasicAuth("a", SecretStr("b"))])
    bare = PUBLISHED._replace(headers={})
    proof.check(bare._replace(headers={"x-token": "one"}))
    proof.check(bare._replace(headers={"authorization": "Basic YTpi"}))
    assert proof.covers_query
    for headers in ({}, {"x-token": "two"}, {"authorization": "Basic YTpj"}):
        with pytest.raises(CallbackRejected):
            proof.check(bare._replace(headers=headers))
