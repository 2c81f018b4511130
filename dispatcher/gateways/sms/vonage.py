"""Vonage SMS API: a form a message, one answer for each of its parts, signed webhooks.

https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms, /delivery-receipts,
https://developer.vonage.com/en/api-errors/messages
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import SecretStr

from dispatcher.domain.gsm7 import Encoding, count
from dispatcher.domain.messages import Callback, Channel, Message
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask, Format
from dispatcher.gateways.callbacks import content, dig, word
from dispatcher.gateways.credentials import basic
from dispatcher.gateways.filling import Words
from dispatcher.gateways.options import option
from dispatcher.gateways.proof_token import BodyToken
from dispatcher.gateways.proofs import Proof, check_fresh, same
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

TAKEN = "0"
# 9 is a lack of credit here, while 9 in a delivery receipt is an opt-out.
CODES: Codes = {
    "1": (Meaning.THROTTLED, "Throttled"),
    "2": (Meaning.REFUSED, "Missing Parameters"),
    "3": (Meaning.REFUSED, "Invalid Parameters"),
    "4": (Meaning.DOWN, "Invalid Credentials"),
    "5": (Meaning.UNSURE, "Internal Error"),
    "6": (Meaning.REFUSED, "Invalid Message"),
    "7": (Meaning.REFUSED, "Number Barred"),
    "8": (Meaning.DOWN, "Partner Account Barred"),
    "9": (Meaning.DOWN, "Partner Quota Violation"),
    "10": (Meaning.THROTTLED, "Too Many Existing Binds"),
    "11": (Meaning.DOWN, "Account Not Enabled For HTTP"),
    "12": (Meaning.REFUSED, "Message Too Long"),
    "13": (Meaning.THROTTLED, "Communication Failed"),
    "14": (Meaning.DOWN, "Invalid Signature"),
    "15": (Meaning.DOWN, "Invalid Sender Address"),
    "19": (Meaning.DOWN, "Facility Not Allowed"),
    "22": (Meaning.REFUSED, "Invalid Network Code"),
    "23": (Meaning.DOWN, "Invalid Callback URL"),
    "29": (Meaning.REFUSED, "Non-Whitelisted Destination"),
    "32": (Meaning.DOWN, "Signature And API Secret Disallowed"),
    "33": (Meaning.DEAD, "Number De-activated"),
    "34": (Meaning.DEAD, "Invalid or Missing Msisdn Param"),
    "101": (Meaning.STOPPED, "The number has opted out of the program"),
}
PHRASES: Mapping[str, Meaning] = {"from param": Meaning.DOWN}  # not the person's fault
STATUSES: Statuses = {
    "accepted": (News.IGNORED, "accepted"),
    "buffered": (News.IGNORED, "buffered"),
    "submitted": (News.IGNORED, "submitted"),
    "delivered": (News.DELIVERED, "delivered"),
    "read": (News.DELIVERED, "read"),
    "expired": (News.SOFT, "expired"),
    "failed": (News.BOUNCED, "failed"),
    "rejected": (News.BOUNCED, "rejected"),
    "undeliverable": (News.BOUNCED, "undeliverable"),
    "deleted": (News.BOUNCED, "deleted"),
    "unknown": (News.UNKNOWN, "unknown"),
}
# Up to 99: delivery receipts of the SMS API; from 1000: status webhooks of the Messages API.
REPORT_CODES: Statuses = {
    "1": (News.BOUNCED, "Unknown"),
    "2": (News.SOFT, "Absent Subscriber - Temporary"),
    "3": (News.DEAD, "Absent Subscriber - Permanent"),
    "4": (News.BOUNCED, "Call Barred by User"),
    "5": (News.BOUNCED, "Portability Error"),
    "6": (News.BLOCKED, "Anti-Spam Rejection"),
    "7": (News.SOFT, "Handset Busy"),
    "8": (News.SOFT, "Network Error"),
    "9": (News.STOPPED, "Illegal Number: the person has asked for no more messages"),
    "10": (News.BLOCKED, "Illegal Message"),
    "11": (News.BLOCKED, "Unroutable"),
    "12": (News.BOUNCED, "Destination Unreachable"),
    "13": (News.BLOCKED, "Subscriber Age Restriction"),
    "14": (News.BLOCKED, "Number Blocked by Carrier"),
    "15": (News.SOFT, "Prepaid Insufficient Funds"),
    "16": (News.BLOCKED, "Gateway Quota Exceeded"),
    "50": (News.BLOCKED, "Entity Filter"),
    "51": (News.BLOCKED, "Header Filter"),
    "52": (News.BLOCKED, "Content Filter"),
    "53": (News.BLOCKED, "Consent Filter"),
    "54": (News.BLOCKED, "Regulation Error"),
    "99": (News.BOUNCED, "General Error"),
    "1000": (News.BLOCKED, "Throttled"),
    "1050": (News.BLOCKED, "Number barred"),
    "1060": (News.BLOCKED, "Partner account barred"),
    "1070": (News.BLOCKED, "Partner quota exceeded"),
    "1120": (News.BLOCKED, "Illegal Sender Address"),
    "1160": (News.BLOCKED, "Non White-listed Destination"),
    "1170": (News.DEAD, "Invalid or Missing Msisdn Param"),
    "1180": (News.SOFT, "Absent Subscriber Temporary"),
    "1190": (News.DEAD, "Absent Subscriber Permanent"),
    "1200": (News.BOUNCED, "Portability Error"),
    "1210": (News.BLOCKED, "Anti-Spam Rejection"),
    "1220": (News.SOFT, "Handset Busy"),
    "1230": (News.SOFT, "Network Error"),
    "1240": (News.STOPPED, "Illegal Number: the person has sent STOP"),
    "1241": (News.BLOCKED, "Too many send requests"),
    "1250": (News.BLOCKED, "Unroutable"),
    "1260": (News.BOUNCED, "Destination unreachable"),
    "1270": (News.BLOCKED, "Subscriber Age Restriction"),
    "1280": (News.BLOCKED, "Number Blocked by Carrier"),
    "1290": (News.SOFT, "Pre-Paid - Insufficient funds"),
    "1330": (News.BOUNCED, "Unknown"),
}


class SignatureMethod(StrEnum):
    """The hash of a signature."""

    SHA256 = "sha256"
    SHA512 = "sha512"


@dataclass(frozen=True, slots=True, kw_only=True)
class VonageSettings(ApiSettings):
    """What there is to choose about Vonage."""

    base_url: str = option(
        "Where Vonage listens; a simulator may stand in for it", "https://rest.nexmo.com"
    )
    api_key: str = option("API key of the account")
    api_secret: SecretStr = option("API secret of the account")
    signature_secret: SecretStr = option(
        "Signature secret of the account; without it callbacks are refused", SecretStr("")
    )
    signature_method: SignatureMethod = option(
        "HMAC by which the account signs webhooks of the SMS API: sha256 or sha512; MD5 is too weak"
        " to be believed",
        SignatureMethod.SHA256,
    )


@dataclass(frozen=True, slots=True)
class FieldSeal:
    """HMAC over the sorted fields, told among them as `sig`."""

    secret: SecretStr
    method: SignatureMethod
    covers_query: ClassVar[bool] = False

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the signature fits and is fresh."""
        fields = _told(callback)
        if not isinstance(fields, dict) or not all(isinstance(v, str) for v in fields.values()):
            raise CallbackRejected("the callback does not hold plain fields")
        rest = [(name, fields[name]) for name in sorted(fields) if name != "sig"]
        signed = "".join(f"&{name}={_tame(value)}" for name, value in rest)
        key = self.secret.get_secret_value().encode()
        wanted = hmac.new(key, signed.encode(), self.method).hexdigest()
        if not same(fields.get("sig", "").lower().encode(), wanted.encode()):
            raise CallbackRejected("the signature does not fit the callback")
        check_fresh(callback, fields.get("timestamp", ""))


@dataclass(frozen=True, slots=True)
class VonageProof:
    """A token, as webhooks of the Messages API have it, or the `sig` of the SMS API."""

    token: BodyToken
    fields: FieldSeal
    covers_query: ClassVar[bool] = False

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the callback is genuine and fresh."""
        # A token says nothing of a query, where callbacks by GET have all their fields.
        has_token = callback.header("authorization") and callback.method != "GET"
        (self.token if has_token else self.fields).check(callback)


class VonageGateway(ApiGateway):
    """Vonage: set both webhooks of the account to `/hooks/<name>`, POST-JSON, and sign them.

    Webhooks of the SMS API (field `sig`, by HMAC) and of the Messages API (token) are understood.
    Parts of a long incoming text come one by one, and each is heard on its own.
    """

    kind: ClassVar[str] = "vonage"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type[VonageSettings]] = VonageSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/sms/json",
            format=Format.FORM,
            fields={
                "from": "{from_digits}",
                "to": "{to_digits}",
                "text": "{text}",
                "type": "{type}",
                "client-ref": "{id}",
                "callback": "{callback}",
            },
            optional=frozenset({"type", "callback"}),
        ),
        answer=Answer(id="message-id", code="status", detail="error-text", success=(TAKEN,)),
        codes=CODES,
        phrases=PHRASES,
        reports=Reports(
            id="messageId",
            ref="client-ref",
            status="status",
            code="err-code",
            statuses=STATUSES,
            codes=REPORT_CODES,
        ),
        replies=Replies(id="messageId", sender="msisdn", recipient="to", text="text"),
    )

    def auth(self) -> Mapping[str, str]:
        """Basic authentication with the account's key and secret."""
        return basic(self._settings.api_key, self._settings.api_secret)

    def proof(self) -> Proof | None:
        """Both kinds of signed webhooks, with the signature secret."""
        s: VonageSettings = self._settings
        if not s.signature_secret.get_secret_value():
            return None
        fields = FieldSeal(s.signature_secret, s.signature_method)
        return VonageProof(BodyToken(s.signature_secret), fields)

    def words(self, message: Message) -> Words:
        """Add `type`: texts outside of GSM-7 must say so."""
        text = message.content.decode()
        is_unicode = count(text).encoding is Encoding.UCS2
        return {**ApiGateway.words(self, message), "type": "unicode" if is_unicode else ""}

    def results(self, messages: Sequence[Message], data: Any) -> Sequence[Any]:
        """Give what is said of the parts; where they differ, a status that is none."""
        parts = dig(data, "messages")
        if not isinstance(parts, list) or not parts:
            return [None] * len(messages)
        statuses = sorted({word(part, "status") for part in parts})
        if len(statuses) == 1:
            return [parts[0]] * len(messages)
        details = filter(None, (word(part, "error-text") for part in parts))
        unsure = {"status": "+".join(statuses), "error-text": next(details, "")}
        return [unsure] * len(messages)

    def items(self, callback: Callback) -> Iterable[Any]:
        """Give the one thing that is told, in the words of the SMS API."""
        told = _told(callback)
        if isinstance(told, dict) and "message_uuid" in told:
            is_under_way = told.get("status") == "submitted"
            return [
                {
                    **told,
                    "messageId": told["message_uuid"],
                    "client-ref": told.get("client_ref"),
                    "msisdn": told.get("from"),
                    "err-code": None if is_under_way else dig(told, "error.title"),
                }
            ]
        return [told]


def _told(callback: Callback) -> Any:
    return dict(callback.query) if callback.method == "GET" else content(callback)


def _tame(value: str) -> str:
    return value.replace("&", "_").replace("=", "_")
