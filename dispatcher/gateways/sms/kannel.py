"""Kannel's smsbox (kannel.org, 1.4 and 1.5): a GET a message, receipts and replies by GET as well.

It signs nothing: a secret word in the URL is all that tells its calls from others.
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote, unquote_to_bytes

from pydantic import SecretStr

from dispatcher.domain.gsm7 import Encoding, count
from dispatcher.domain.messages import Callback, Channel, Message
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask, Format
from dispatcher.gateways.callbacks import word
from dispatcher.gateways.filling import Words
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof, SharedToken
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "0": (Meaning.ACCEPTED, "Accepted for delivery"),
    "3": (Meaning.ACCEPTED, "Queued for later delivery"),
}
# The types of receipts are bits; an expired or unknown one is a failure (2) with a further bit.
STATUSES: Statuses = {
    "1": (News.DELIVERED, "Delivered to phone"),
    "2": (News.BOUNCED, "Non-Delivered to Phone"),
    "4": (News.IGNORED, "Queued on SMSC"),
    "8": (News.IGNORED, "Delivered to SMSC"),
    "16": (News.BOUNCED, "Non-Delivered to SMSC"),
    "34": (News.SOFT, "Expired"),
    "66": (News.UNKNOWN, "Unknown"),
}
_FINAL = "19"  # the mask of receipts that we ask for: 1 + 2 + 16


@dataclass(frozen=True, slots=True, kw_only=True)
class KannelSettings(ApiSettings):
    """What there is to choose about Kannel."""

    base_url: str = option("Where smsbox listens (sendsms-port)", "http://127.0.0.1:13013")
    username: str = option("User name of a sendsms-user group")
    password: SecretStr = option("Its password")
    smsc: str = option("Id of the SMSC to use; empty: Kannel chooses", "")
    callback_url: str = option(
        "Where Kannel reaches this gateway's hook; empty: at the public URL", ""
    )
    callback_secret: SecretStr = option(
        "Word that Kannel's calls bring along as `token`; empty: they are refused", SecretStr("")
    )


class KannelGateway(ApiGateway):
    """Kannel over HTTP. Its sms-service calls `/hooks/<name>` for replies.

    get-url = "https://offers.example/hooks/<name>?token=...&from=%p&to=%P&text=%b&coding=%c&id=%I"
    """

    kind: ClassVar[str] = "kannel"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type[KannelSettings]] = KannelSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/cgi-bin/sendsms",
            method="GET",
            format=Format.QUERY,
            fields={
                "username": "{username}",
                "password": "{password}",
                "smsc": "{smsc}",
                "from": "{from}",
                "to": "{to}",
                "text": "{text}",
                "charset": "UTF-8",
                "coding": "{coding}",
                "dlr-mask": "{dlr_mask}",
                "dlr-url": "{dlr_url}",
            },
            optional=frozenset({"smsc", "dlr-mask", "dlr-url"}),
        ),
        answer=Answer(
            code="code",
            detail="detail",
            success=("0", "3"),
            pattern=r"^(?:(?P<code>\d+): )?(?P<detail>.*)",
        ),
        codes=CODES,
        reports=Reports(ref="ref", status="status", statuses=STATUSES),
        replies=Replies(id="id", sender="from", recipient="to", text="text"),
    )

    def proof(self) -> Proof | None:
        """A word in the query."""
        secret: SecretStr = self._settings.callback_secret
        return SharedToken(secret) if secret.get_secret_value() else None

    def words(self, message: Message) -> Words:
        """Say how the text is to be coded, and where its receipts go."""
        words = dict(super().words(message))
        words["coding"] = "0" if count(words["text"]).encoding is Encoding.GSM7 else "2"
        words["dlr_url"] = self._dlr_url(words["id"])
        words["dlr_mask"] = _FINAL if words["dlr_url"] else ""
        return words

    def items(self, callback: Callback) -> Iterable[Any]:
        """Read a text in UCS-2, which comes as raw UTF-16BE, from the URL itself."""
        for item in super().items(callback):
            if word(item, "coding") == "2" and "text" in item:
                item["text"] = _raw(callback.url, "text").decode("utf-16-be", "replace")
            yield item

    def _dlr_url(self, ours: str) -> str:
        base = self._settings.callback_url or self._callback
        secret = self._settings.callback_secret.get_secret_value()
        return f"{base}?token={quote(secret)}&ref={ours}&status=%d" if base and secret else ""


def _raw(url: str, name: str) -> bytes:
    """Give the bytes of a field in a query, which need not be UTF-8."""
    for field in url.partition("?")[2].split("&"):
        key, _, value = field.partition("=")
        if key == name:
            return unquote_to_bytes(value.replace("+", " "))
    return b""
