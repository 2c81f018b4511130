"""Notifications of Amazon SNS: proven by certificates from AWS's own hosts, of known topics only.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, ClassVar

import httpx
import orjson
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from dispatcher.domain.messages import Callback
from dispatcher.errors import CallbackRejected, ConfigError, GatewayDown
from dispatcher.gateways.proofs import check_age, unbase64

Fetch = Callable[[str], bytes]

# SNS calls again for an hour at most, with the time and the signature of its first try.
GOOD_FOR = 3600.0 + 300.0
_TOPIC = re.compile(
    r"arn:aws(?P<part>-cn|-us-gov)?:sns:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):\d{12}:[\w-]{1,256}",
    re.ASCII,
)
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED["SubscriptionConfirmation"]
_KEPT = 4  # certificates; a region has one at a time
_KEPT_FOR = 24 * 3600.0
_FETCHES = 5  # a minute, or anybody could have us ask AWS all day
_ANSWER_CAP = 64 * 1024
_PATIENCE = 5.0
_TURN = 2.0  # seconds that a callback waits for another one's question


def fetch(url: str) -> bytes:
    """Ask AWS itself for a certificate or a confirmation; GatewayDown: try again later."""
    try:
        with (
            httpx.Client(timeout=_PATIENCE, trust_env=False) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.is_server_error:
                raise GatewayDown(f"AWS answers {answer.status_code}")
            if not answer.is_success:
                raise CallbackRejected(f"AWS does not know what the callback names: {url}")
            return _read(answer)
    except httpx.TransportError as error:
        raise GatewayDown(f"AWS cannot be asked whether a callback is genuine: {error}") from error


def check_topics(topics: Sequence[str]) -> None:
    """Raise ConfigError unless each is the ARN of a topic."""
    for topic in topics:
        if not _TOPIC.fullmatch(topic):
            raise ConfigError("topic_arns", f'"{topic}" is not the ARN of an SNS topic')


def notification(callback: Callback) -> Mapping[str, str]:
    """Give the fields of a notification; none of them can be believed yet."""
    try:
        said = orjson.loads(callback.body)
    except orjson.JSONDecodeError:
        raise CallbackRejected("the callback is no notification of SNS") from None
    if not isinstance(said, dict):
        raise CallbackRejected("the callback is no notification of SNS")
    return {name: value for name, value in said.items() if isinstance(value, str)}


def subscribe_url(note: Mapping[str, str]) -> str:
    """Give the URL that confirms a subscription, if it is one of AWS's own."""
    url = note.get("SubscribeURL", "")
    if not re.fullmatch(rf"https://{_host(note)}/\?Action=ConfirmSubscription&[!-~]+", url):
        raise CallbackRejected("the subscription would be confirmed at a host that is not AWS's")
    return url


def message_in(note: Mapping[str, str]) -> Any:
    """Give what a notification carries as plain data; what EventBridge wrapped is unwrapped."""
    try:
        said = orjson.loads(note.get("Message", ""))
    except orjson.JSONDecodeError:
        return None  # AWS greets each new topic in plain words
    wrapped = isinstance(said, dict) and "detail-type" in said
    return said.get("detail") if wrapped else said


class SnsSeal:
    """The signature of SNS over a notification of one of these topics, and its time."""

    covers_query: ClassVar[bool] = False

    def __init__(self, topics: Sequence[str], fetch: Fetch) -> None:
        self._topics = frozenset(topics)
        self._keys = _Keys(fetch)

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the notification is genuine, ours and fresh."""
        note = notification(callback)
        if note.get("TopicArn", "") not in self._topics:
            raise CallbackRejected("the topic of the notification is not in topic_arns")
        signed = _SIGNED.get(note.get("Type", ""))
        algorithm = _HASHES.get(note.get("SignatureVersion", ""))
        if signed is None or algorithm is None:
            raise CallbackRejected("the notification is signed in a way that nobody knows")
        check_age(callback.received_at - _moment(note), GOOD_FOR)
        key = self._keys.get(_certificate_url(note), callback.received_at)
        said = "".join(f"{name}\n{note[name]}\n" for name in signed if name in note)
        signature = unbase64(note.get("Signature", ""))
        try:
            key.verify(signature, said.encode(), PKCS1v15(), algorithm)
        except InvalidSignature:
            raise CallbackRejected("the signature does not fit the notification") from None


class _Keys:
    """Keys of certificates by URL, a few of them for a day; callbacks are read by many threads."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._lock = Lock()
        self._known: dict[str, tuple[RSAPublicKey, float]] = {}
        self._asked: deque[float] = deque(maxlen=_FETCHES)

    def get(self, url: str, now: float) -> RSAPublicKey:
        """Give the key of a certificate; whoever has to be asked for keeps nobody else waiting."""
        if key := self._kept(url, now):
            return key
        if not self._lock.acquire(timeout=_TURN):
            raise GatewayDown("AWS is being asked for a certificate and takes its time")
        try:
            return self._kept(url, now) or self._ask(url, now)
        finally:
            self._lock.release()

    def _kept(self, url: str, now: float) -> RSAPublicKey | None:
        key, at = self._known.get(url, (None, 0.0))
        return key if 0 <= now - at < _KEPT_FOR else None

    def _ask(self, url: str, now: float) -> RSAPublicKey:
        if len(self._asked) == _FETCHES and 0 <= now - self._asked[0] < 60:
            raise GatewayDown("too many certificates were named in this minute", 60.0)
        self._asked.append(now)
        key = _key(self._fetch(url), now)
        self._known.pop(url, None)
        while len(self._known) >= _KEPT:
            del self._known[next(iter(self._known))]
        self._known[url] = key, now
        return key


def _key(pem: bytes, now: float) -> RSAPublicKey:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise CallbackRejected("what the notification names as certificate is none") from None
    begins = certificate.not_valid_before_utc.timestamp()
    ends = certificate.not_valid_after_utc.timestamp()
    key = certificate.public_key()
    if not begins <= now <= ends or not isinstance(key, RSAPublicKey):
        raise CallbackRejected("the certificate of the notification is not valid now")
    return key


def _certificate_url(note: Mapping[str, str]) -> str:
    url = note.get("SigningCertURL", "")
    if not re.fullmatch(rf"https://{_host(note)}/SimpleNotificationService-[0-9A-Za-z]+\.pem", url):
        raise CallbackRejected("the certificate of the notification is not at a host of AWS")
    return url


def _host(note: Mapping[str, str]) -> str:
    """Give the pattern of the one host that serves the topic's region."""
    topic = _TOPIC.fullmatch(note.get("TopicArn", ""))
    if topic is None:
        raise CallbackRejected("the notification names no topic")
    domain = "amazonaws.com.cn" if topic["part"] == "-cn" else "amazonaws.com"
    return re.escape(f"sns.{topic['region']}.{domain}")


def _moment(note: Mapping[str, str]) -> float:
    try:
        moment = datetime.fromisoformat(note.get("Timestamp", ""))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CallbackRejected("the time of the notification cannot be read")
    return moment.timestamp()


def _read(answer: httpx.Response) -> bytes:
    content = b""
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > _ANSWER_CAP:
            raise CallbackRejected("what the notification names is longer than any certificate")
    return content
