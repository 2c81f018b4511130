"""What all callbacks share: fields in any dress, stable keys, numbers as they should be."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

import orjson
from python_multipart import parse_form
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File

from dispatcher.domain.messages import Callback, DeliveryKey
from dispatcher.errors import CallbackRejected

_FIELDS_CAP = 200  # names in a form


def content(callback: Callback, *, query: bool = False) -> Any:
    """Give what the callback says: its JSON or form, and its query where that may be trusted."""
    kind = callback.header("content-type").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return _json(callback.body)
    fields = dict(callback.query) if query else {}
    fields.pop("token", None)
    return fields | _form(callback.body)


def is_multipart(callback: Callback) -> bool:
    """Whether the callback is a form in many parts."""
    return callback.header("content-type").lower().startswith("multipart/form-data")


def form_parts(callback: Callback) -> dict[str, bytes]:
    """Give the fields and files of a form in many parts; the first where a name comes twice."""
    parts: dict[str, bytes] = {}

    def field(each: Field) -> None:
        parts.setdefault((each.field_name or b"").decode("utf-8", "replace"), each.value or b"")

    def file(each: File) -> None:
        each.file_object.seek(0)
        content = each.file_object.read()
        parts.setdefault((each.field_name or b"").decode("utf-8", "replace"), content)

    dress = {"Content-Type": callback.header("content-type").encode()}
    try:
        parse_form(dress, BytesIO(callback.body), field, file)
    except (FormParserError, ValueError):
        raise CallbackRejected("the callback is not a form that can be read") from None
    return parts


def dig(value: Any, path: str) -> Any:
    """Follow a dotted path through mappings and lists: `messages.0.id`; None when it is missing."""
    for step in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def word(value: Any, path: str) -> str:
    """Give the text or number at a path as text; nothing for anything else."""
    found = dig(value, path) if path else None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    return str(found)


def dedup_key(gateway: str, *parts: str) -> str:
    """Give a key that is equal for the same event told twice, and hides what it is made of."""
    return hashlib.sha256("\x1f".join((gateway, *parts)).encode()).hexdigest()[:40]


def key_word(key: DeliveryKey) -> str:
    """Write a delivery key as gateways carry it: `wave-customer-attempt`."""
    return f"{key.wave_id}-{key.customer_id}-{key.attempt}"


def parse_key(text: str) -> DeliveryKey | None:
    """Read a delivery key back; None when it is not one of ours."""
    parts = text.split("-")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) < 20 for p in parts):
        return None
    return DeliveryKey(*map(int, parts))


def international(number: str) -> str:
    """Give a number its plus sign back where a gateway leaves it out; short codes stay."""
    bare = number.strip().removeprefix("00")
    if bare.isascii() and bare.isdigit() and 8 <= len(bare) <= 15 and not bare.startswith("0"):
        return f"+{bare}"
    return number.strip()


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise CallbackRejected("the callback says it is JSON and is not") from None


def _form(body: bytes) -> dict[str, str]:
    try:
        text = body.decode("utf-8")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_CAP))
    except ValueError:
        raise CallbackRejected("the callback is not a form that can be read") from None
