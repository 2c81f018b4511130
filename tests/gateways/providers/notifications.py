"""Amazon SNS, as far as a subscriber sees it: signed notifications and their certificate."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from dispatcher.domain.messages import Callback
from dispatcher.domain.ports import Gateway
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.registry import build
from tests.gateways.providers.provider import HOOKS, SUPPLIES, WALL

TOPIC = "arn:aws:sns:eu-west-1:123456789012:what-became-of-it"
HOST = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE = f"{HOST}/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
CONFIRM = f"{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AWS = {
    "region": "eu-west-1",
    "access_key_id": "AKIDEXAMPLE",
    "secret_access_key": SECRET,
    "topic_arns": [TOPIC],
}
MORE = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
PLAIN = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")


class Aws:
    """AWS's own host: hands out the certificate and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def fetch(self, url: str) -> bytes:
        """Answer a GET."""
        self.asked.append(url)
        if url == CERTIFICATE:
            return certificate()
        if url == CONFIRM:
            return b"<ConfirmSubscriptionResponse/>"
        raise CallbackRejected(f"there is no {url}")


@dataclass(frozen=True)
class Note:
    """A notification before it is signed."""

    message: str = ""
    kind: str = "Notification"
    version: str = "1"
    at: float = WALL - 2
    more: Mapping[str, Any] | None = None

    def callback(self, **spoilt: Any) -> Callback:
        """Sign it as the documentation tells, and put wrong things into it afterwards."""
        moment = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, Any] = {
            "Type": self.kind,
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": self.message,
            "Timestamp": moment.replace("+00:00", "Z"),
            "SignatureVersion": self.version,
            "SigningCertURL": CERTIFICATE,
            **({} if self.kind == "Notification" else {"Token": "23364", "SubscribeURL": CONFIRM}),
            **(self.more or {}),
        }
        names = PLAIN if self.kind == "Notification" else MORE
        signed = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields)
        fields["Signature"] = base64.b64encode(_signature(signed, self.version)).decode()
        headers = {
            "content-type": "text/plain; charset=UTF-8",
            "user-agent": "Amazon Simple Notification Service Agent",
        }
        body = json.dumps(fields | spoilt, indent=2).encode()
        return Callback("POST", "/hooks/acme", {}, headers, body, WALL, f"{HOOKS}/acme")


def told(message: Any) -> Callback:
    """Give a genuine notification of something."""
    return Note(json.dumps(message)).callback()


def aws_gateway(kind: str, options: Mapping[str, Any], aws: Aws | None = None) -> Gateway:
    """Build a gateway that asks this AWS for certificates."""
    return build("acme", kind, options, replace(SUPPLIES, fetch=(aws or Aws()).fetch))


@cache
def key() -> rsa.RSAPrivateKey:
    """Give the key that the certificate is for."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def certificate(days: int = 400) -> bytes:
    """Give the certificate, good for so many days around now."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.fromtimestamp(WALL, UTC)
    made = x509.CertificateBuilder(name, name, key().public_key(), 77)
    made = made.not_valid_before(now - timedelta(days=400))
    made = made.not_valid_after(now + timedelta(days=days))
    return made.sign(key(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _signature(signed: str, version: str) -> bytes:
    algorithm: hashes.HashAlgorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
    return key().sign(signed.encode(), padding.PKCS1v15(), algorithm)
