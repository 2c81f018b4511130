"""Texts to start from: settings, a campaign and a programme, each line with a remark."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pydantic.fields import FieldInfo

from dispatcher.campaign_files.keys import KEYS
from dispatcher.resources import programme_file
from dispatcher.settings import Settings

_EXAMPLES = {
    "home": '".dispatcher"',
    "database_url": "",
    "broker_url": "",
    "mail_password": "",
    "default_country": '"GB"',
    "rule_overrides": '"hours.toml"',
    "facts": '"facts.toml"',
    "programme": '"programme.toml"',
    "keys": "",
}

_SETTINGS = """\
# Settings of this installation. A line that begins with # shows what holds without it.
# In the environment each name has the prefix DISPATCHER_ (DISPATCHER_SAFE_MODE=true) and wins.
# The addresses of a database or broker of your own are only read from the environment:
# DATABASE_URL=postgresql://... and BROKER_URL=redis://... or amqp://...

{fields}

# The ways out, by a name of your choice. While safe_mode is true every one of them is a sandbox:
# a mailbox and a phone in the database, and nothing leaves this machine.
#
# [gateways.mail]
# kind = "smtp"
# host = "smtp.example.com"
# port = 587
# security = "starttls"
# username = "offers"
# password = "..."
#
# [gateways.texts]
# kind = "http_sms"
# url = "https://sms.example.com/messages"
# price = 0.04
# per_second = 20.0
#
# [limits.domains.gmail]
# per_second = 50.0
"""

_CAMPAIGN = """\
# {name}: edit, then 'dispatcher campaign preview' shows what it would do.

[campaign]
name = {quoted}
template = "{template}"        # a folder in templates/, or one that is shipped
channels = ["sms", "email"]    # best first; nobody gets both
# owner = "mia"                # who answers for it; large audiences need one

[brand]
id = "northwind"
name = "Northwind Coffee"
email = "hello@northwind.example"
sms_sender = "+441174960123"
postal_address = "1 Quay Street, Bristol BS1 4DJ, United Kingdom"
contact = "hello@northwind.example"    # what HELP is answered with

[offer]
name = {quoted}
headline = "Two bags for the price of one"
code = "BEANS2"
url = "https://northwind.example/week"
value = 9.50                   # what it is worth to one person
ends = {ends}    # nothing is sent from then on
{fields}
[audience]
topic = "coffee"               # only people who agreed to this topic
languages = ["en", "fr", "de"]
# countries = ["GB", "FR"]
# holdout = "5 %"              # kept back, to see what it changes; 5 % of 2,000 people or more

[policy]
hours = "09:00-20:00"          # on each person's own clock
# caps = ["1 per day per brand", "4 per week"]
# cool_down = "4 hours"

[schedule]
start = {starts}
# at = "10:00 recipient-local"
# throttle = "600 per minute"

# [cost]
# ceiling = "120.00"
"""


def campaign(name: str, template: str, sample: Mapping[str, str], day: datetime) -> str:
    """Give a campaign file that starts on a day and ends a week later.

    `sample` are the template's sample values: those of the offer that have no key of their own
    are what the file must name as well.
    """
    shown = {key.removeprefix("offer."): value for key, value in sample.items() if "." in key}
    own = [f"{key} = {_quoted(value)}" for key, value in shown.items() if key not in KEYS["offer"]]
    fields = [
        "",
        "[offer.fields]                 # further words of the template: edit all of them",
    ]
    return _CAMPAIGN.format(
        name=name,
        quoted=_quoted(name),
        template=template,
        fields="\n".join([*fields, *own, ""]) if own else "",
        starts=f"{day:%Y-%m-%dT%H:%M:%SZ}",
        ends=f"{day + timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}",
    )


def settings() -> str:
    """Give a settings file with every setting in it, as a remark."""
    told = [
        f"{_remark(info)}\n# {name} = {example}"
        for name, info in Settings.model_fields.items()
        if name not in ("gateways", "limits") and (example := _example(name, info))
    ]
    return _SETTINGS.format(fields="\n\n".join(told))


def programme() -> str:
    """Give a programme file: a keyword, two topics, and two questions that give something."""
    return programme_file().read_text("utf-8")


def today() -> datetime:
    """Give the midnight before now, in UTC."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _remark(info: FieldInfo) -> str:
    return textwrap.fill(info.description or "", 96, initial_indent="# ", subsequent_indent="# ")


def _example(name: str, info: FieldInfo) -> str:
    return _EXAMPLES.get(name) if name in _EXAMPLES else json.dumps(info.default)  # type: ignore[return-value]
