"""Tokens over the body of a callback: genuine, fresh, and about this very body."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from dispatcher.errors import CallbackRejected
from dispatcher.gateways.proof_token import BodyToken
from tests.gateways.providers.provider import WALL
from tests.gateways.providers.vonage import Vonage

PROOF = BodyToken(SecretStr(Vonage.signature_secret))
BODY = b'{"status": "delivered"}'

# As the vendor's own library is tested: a genuine signature, but over no body at all.
PUBLISHED = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJPbmxpbmUgSldUIEJ1aWxkZXIiLCJpYXQiOjE2OTc2MzQ2"
    "ODAsImV4cCI6MzMyNTQ1NDA4MjgsImF1ZCI6IiIsInN1YiI6IiJ9.88vJc3I2HhuqEDixHXVhc9R30tA6U_HQHZTC29y6C"
    "GM"
)
PUBLISHED_SECRET = SecretStr("qwertyuiopasdfghjklzxcvbnm123456")


def test_a_genuine_token_is_good() -> None:
    """Its own body, signed twenty seconds ago."""
    PROOF.check(Vonage().sealed(BODY))
    PROOF.check(Vonage().sealed(BODY, exp=WALL + 1))


@pytest.mark.parametrize("body", [BODY + b"\n", BODY[:-1], b"{}", b""])
def test_another_body_under_a_genuine_token_is_refused(body: bytes) -> None:
    """The signature still fits; the hash of the body does not."""
    with pytest.raises(CallbackRejected, match="not about this body"):
        PROOF.check(Vonage().sealed(BODY)._replace(body=body))


def test_the_published_token_is_genuine_and_not_enough() -> None:
    """The vendor's library takes it for any callback; here it lacks the hash of a body."""
    callback = Vonage().heard(BODY, {"authorization": f"Bearer {PUBLISHED}"})
    with pytest.raises(CallbackRejected, match="not about this body"):
        BodyToken(PUBLISHED_SECRET).check(callback)
    with pytest.raises(CallbackRejected, match="not genuine"):
        PROOF.check(callback)


@pytest.mark.parametrize("alg", ["none", "None", "RS256", "HS512", "HS384", "hs256", ""])
def test_only_one_algorithm_is_taken(alg: str) -> None:
    """A token that names another one is refused, though it be signed with the right key."""
    with pytest.raises(CallbackRejected):
        PROOF.check(Vonage().sealed(BODY, alg=alg))


CLAIMS: list[dict[str, Any]] = [
    {"iat": int(WALL) - 301},
    {"iat": int(WALL) + 301},
    {"iat": None},
    {"iat": "now"},
    {"iat": True},
    {"iat": -1},
    {"iat": [int(WALL)]},
    {"iat": 1e300},
    {"exp": int(WALL)},
    {"exp": True},
    {"exp": "later"},
    {"payload_hash": None},
    {"payload_hash": 7},
    {"payload_hash": ["0" * 64]},
    {"payload_hash": ""},
]


@pytest.mark.parametrize("claims", CLAIMS, ids=str)
def test_claims_that_do_not_hold_are_refused(claims: dict[str, Any]) -> None:
    """Stale, from the future, expired, without its time or hash, or with strange ones."""
    with pytest.raises(CallbackRejected):
        PROOF.check(Vonage().sealed(BODY, **claims))


@given(token=st.text(max_size=60) | st.from_regex(r"\A[\w-]*\.[\w-]*\.[\w-]*\Z"))
def test_rubbish_is_refused(token: str) -> None:
    """Whatever else stands in the header is a refusal, never a crash."""
    with pytest.raises(CallbackRejected):
        PROOF.check(Vonage().heard(BODY, {"authorization": f"Bearer {token}"}))


def test_the_scheme_is_looked_at() -> None:
    """A token is a bearer's."""
    genuine = Vonage().sealed(BODY)
    token = genuine.header("authorization").removeprefix("Bearer ")
    PROOF.check(genuine._replace(headers={"authorization": f"bearer {token}"}))
    for spoilt in (token, f"Basic {token}", ""):
        with pytest.raises(CallbackRejected):
            PROOF.check(genuine._replace(headers={"authorization": spoilt}))
