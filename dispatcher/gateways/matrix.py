"""Writes the page about all gateways: what each can do and how it is set up, from the code itself.

`python -m dispatcher.gateways.matrix > docs/gateways.md` brings the page up to date.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from pydantic import SecretStr

from dispatcher.domain.messages import Channel, Event, Message
from dispatcher.domain.ports import Limits
from dispatcher.gateways.options import described
from dispatcher.gateways.registry import KINDS, GatewayKind, Supplies, build
from dispatcher.gateways.vocabulary import Meaning, News


class Example(NamedTuple):
    """The least that builds a gateway of a kind, and what to call it in the matrix."""

    label: str
    options: Mapping[str, Any]


_AWS = {
    "region": "eu-west-1",
    "access_key_id": "AKIDEXAMPLE",
    "secret_access_key": "only an example",
}
EXAMPLES: dict[str, tuple[Example, ...]] = {
    "brevo": (Example("brevo", {"api_key": "only an example"}),),
    "mailgun": (Example("mailgun", {"domain": "mail.example", "api_key": "only an example"}),),
    "mailjet": (Example("mailjet", {"api_key": "1", "secret_key": "only an example"}),),
    "mandrill": (Example("mandrill", {"api_key": "only an example"}),),
    "postmark": (Example("postmark", {"server_token": "only an example"}),),
    "resend": (Example("resend", {"api_key": "only an example"}),),
    "sendgrid": (Example("sendgrid", {"api_key": "only an example"}),),
    "ses": (Example("ses", _AWS),),
    "smtp": (Example("smtp", {"host": "mail.example"}),),
    "sparkpost": (Example("sparkpost", {"api_key": "only an example"}),),
    "aws_sms": (Example("aws_sms", _AWS),),
    "bird": (Example("bird", {"access_key": "only an example"}),),
    "clickatell": (Example("clickatell", {"api_key": "only an example"}),),
    "http_sms": (
        Example("http_sms", {"url": "https://sms.example/"}),
        Example(
            "http_sms with batches and callbacks",
            {
                "url": "https://sms.example/",
                "batch_in": "messages",
                "max_batch": 64,
                "callback_auth": "hmac",
                "callback_secret": "only an example here",
            },
        ),
    ),
    "infobip": (
        Example("infobip", {"base_url": "https://x.api.infobip.com", "api_key": "an example"}),
    ),
    "kannel": (Example("kannel", {"username": "shop", "password": "only an example"}),),
    "plivo": (Example("plivo", {"auth_id": "MA1", "auth_token": "only an example"}),),
    "sinch": (Example("sinch", {"service_plan_id": "1", "api_token": "only an example"}),),
    "smpp": (Example("smpp", {"host": "smpp.operator.example", "system_id": "shop"}),),
    "telnyx": (Example("telnyx", {"api_key": "only an example"}),),
    "twilio": (Example("twilio", {"account_sid": "AC1", "auth_token": "only an example"}),),
    "vonage": (Example("vonage", {"api_key": "1", "api_secret": "only an example"}),),
    "sandbox": (
        Example("sandbox for e-mail", {"channel": "email"}),
        Example("sandbox for text messages", {"channel": "sms"}),
    ),
}

_HEAD = """\
# Gateways

What each gateway can do, and every setting of it. This page is written by
`python -m dispatcher.gateways.matrix`; a test fails when it is out of date.

- A provider that is listed here: [Connect a provider](how-to/connect-a-provider.md).
- Any other provider of text messages is connected without any code:
  [Connect an SMS gateway](how-to/connect-an-sms-gateway.md).
- An operator is connected over SMPP 3.4:
  [Connect an operator by SMPP](how-to/connect-an-operator-by-smpp.md).
- A gateway of your own is one module: [Write a gateway](how-to/write-a-gateway.md).

Settings stand in `dispatcher.toml`, in the table `[gateways.<name>]`, where the name is yours to
choose. Every gateway has a `kind`, and may have a `price` (of one part) and limits such as
`per_second` (see [limit the rate](how-to/limit-the-rate.md)). In safe mode the sandbox takes the
place of every gateway.

## What each can do
"""
_COLUMNS = (
    "gateway",
    "channel",
    "messages in a request",
    "requests at once",
    "knows repeats",
    "receipts later",
    "replies",
    "opt-outs it tells",
    "national tables",
)


def page() -> str:
    """Give the whole page."""
    matrix = _table(_COLUMNS, [_row(kind, each) for kind in KINDS for each in EXAMPLES[kind]])
    return "\n".join([_HEAD, matrix + "".join(map(_section, KINDS))])


def _row(kind: str, example: Example) -> Sequence[str]:
    async def put(_: Sequence[Message]) -> None: ...

    async def hear(_: Sequence[Event]) -> None: ...

    supplies = Supplies(put=put, key=SecretStr("only an example here"), hear=hear)
    limits = build(kind, kind, example.options, supplies).limits
    return (example.label, *_cells(limits, _opt_outs(KINDS[kind])))


def _opt_outs(made: type) -> str:
    """Say when a gateway may tell that a person has opted out there; it suppresses them here."""
    api = getattr(made, "api", None)
    if api is None:
        return "by settings" if getattr(made, "channel", None) is Channel.SMS else "no"
    at_once = any(meaning is Meaning.STOPPED for meaning, _ in api.codes.values())
    tables = (api.reports.statuses, api.reports.codes)
    told = {news for table in tables for news, _ in table.values()}
    later = bool(told & {News.STOPPED, News.UNSUBSCRIBED, News.COMPLAINED})
    return (
        " and ".join(word for word, said in (("at once", at_once), ("later", later)) if said)
        or "no"
    )


def _cells(limits: Limits, opt_outs: str) -> Sequence[str]:
    return (
        limits.channel,
        str(limits.max_batch),
        str(limits.in_flight),
        f"for {limits.idempotency:g} s" if limits.idempotency else "no",
        "yes" if limits.receipts_later else "no",
        "yes" if limits.replies else "no",
        opt_outs,
        ", ".join(table.name.capitalize() for table in sorted(limits.national_tables)) or "no",
    )


def _section(kind: str) -> str:
    made = cast(GatewayKind, KINDS[kind])
    rows = [(f"`{o.name}`", _code(o.default), o.help) for o in described(made.settings_type)]
    about = inspect.getdoc(made) or ""
    return f"\n## {kind}\n\n{about}\n\n" + _table(
        ("setting", "unless you say so", "what it is"), rows
    )


def _code(default: str) -> str:
    return default if default in ("", "required") else f"`{default}`"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(c.replace('|', '&#124;') for c in line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(page())
