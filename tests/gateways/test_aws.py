"""Promises of the signature of AWS: the published vectors of Signature Version 4, and settings."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from dispatcher.errors import ConfigError
from dispatcher.gateways.aws import Signer
from dispatcher.gateways.registry import build
from tests.gateways.providers.notifications import AWS, SECRET

AT = 1440938160.0  # 20150830T123600Z
TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPf"
    "IeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7W"
    "Z0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8F"
    "DrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
# method, path with query, further headers, body, session token, signature
VECTORS: dict[str, tuple[str, str, dict[str, str], str, str, str]] = {
    "get-vanilla": (
        *("GET", "/", {}, "", ""),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "get-vanilla-query-order-key-case": (
        *("GET", "/?Param2=value2&Param1=value1", {}, "", ""),
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    "post-vanilla": (
        *("POST", "/", {}, "", ""),
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "post-sts-header-before": (
        *("POST", "/", {}, "", TOKEN),
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    ),
    "post-x-www-form-urlencoded": (
        *("POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, "Param1=value1", ""),
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_published_vector_is_signed_as_aws_does(name: str) -> None:
    """Method, path, query, headers, body and session token are signed as in AWS's test suite."""
    method, path, headers, body, token, signature = VECTORS[name]
    request = httpx.Request(
        method, f"https://example.amazonaws.com{path}", headers=headers, content=body
    )
    signer = Signer(
        "AKIDEXAMPLE",
        SecretStr(SECRET),
        SecretStr(token),
        "us-east-1",
        "service",
    )
    signed = signer.sign(request, AT).headers
    assert signed["authorization"].rpartition("Signature=")[2] == signature
    assert signed["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
    )
    assert signed["x-amz-date"] == "20150830T123600Z"
    assert signed.get("x-amz-security-token", "") == token


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-west-1", "email.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", "email.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "email.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_region_chooses_the_endpoint(region: str, host: str) -> None:
    """Whoever names no base_url asks AWS in their region."""
    gateway: Any = build("acme", "ses", {**AWS, "region": region})
    assert gateway._url.host == host


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"region": "evil.example/"}, "region"),
        ({"region": "eu-west-1.evil-1"}, "region"),
        ({"topic_arns": ["arn:aws:sns:eu-west-1:123456789012:"]}, "topic_arns"),
        ({"topic_arns": ["arn:aws:sns:evil.example:123456789012:x"]}, "topic_arns"),
        ({"topic_arns": ["arn:aws:sqs:eu-west-1:123456789012:x"]}, "topic_arns"),
        ({"base_url": "http://email.eu-west-1.amazonaws.com"}, "base_url"),
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, Any], named: str) -> None:
    """What cannot be a region or a topic of AWS is told at the start."""
    with pytest.raises(ConfigError, match=f"gateways.acme.{named}"):
        build("acme", "ses", {**AWS, **wrong})
