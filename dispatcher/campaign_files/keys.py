"""Every key a campaign file may hold, with an example and its meaning: the reference in code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Key(NamedTuple):
    """One key: `example` is TOML, `default` what holds without it ("" where it is required)."""

    table: str
    name: str
    example: str
    meaning: str
    default: str = ""


_KEYS = (
    Key("campaign", "name", '"Coffee week, December"', "Names the campaign; each name once."),
    Key("campaign", "template", '"coffee-week"', "The template folder with the words."),
    Key(
        "campaign",
        "channels",
        '["sms", "email"]',
        "How to reach people, best first: a person who may not be reached by the first is tried by"
        " the next. Nobody gets both.",
    ),
    Key(
        "campaign",
        "kind",
        '"reconfirm"',
        "It offers nothing, and asks those to stay whose consent ends within 30 days, once. In"
        " Korea it is the notice due every two years. It has no `[offer]` and keeps nobody back.",
        '`"offer"`',
    ),
    Key(
        "campaign",
        "priority",
        "5",
        "1 (can wait) to 9 (urgent): whose turn it is when campaigns run side by side.",
        '5, or 9 with `kind = "reconfirm"`',
    ),
    Key(
        "campaign",
        "subject",
        '"coffee"',
        "What the offer is about, for limits on offers of the same subject.",
        "one subject for the whole programme",
    ),
    Key(
        "campaign",
        "owner",
        '"mia"',
        "Who answers for it, by login name. Large audiences need one, and somebody else's"
        " approval.",
        "nobody is named",
    ),
    Key("brand", "id", '"northwind"', "Short name: small letters, digits and hyphens."),
    Key("brand", "name", '"Northwind Coffee"', "The name people know."),
    Key("brand", "email", '"hello@northwind.example"', "The From address of its e-mail."),
    Key(
        "brand",
        "sms_sender",
        '"+447700900123"',
        "Sender of its SMS: a number or a short code, which people can answer with STOP; or a name"
        " of up to 11 letters and digits, which they cannot.",
        "none; required with sms",
    ),
    Key("brand", "postal_address", '"1 Quay St, Bristol BS1 4DJ, UK"', "Printed in each e-mail."),
    Key("brand", "contact", '"hello@northwind.example"', "What HELP is answered with.", "`email`"),
    Key("offer", "name", '"Coffee week"', "What is on offer, in a few words."),
    Key("offer", "headline", '"Two bags for one, all week"', "The line people read first.", "none"),
    Key("offer", "code", '"BEANS2"', "The code to show or type in.", "none"),
    Key("offer", "url", '"https://northwind.example/week"', "Where to take it up.", "none"),
    Key("offer", "value", "9.50", "What it is worth to a person, in the programme's money.", "0"),
    Key("offer", "starts", "2026-12-01T00:00:00+01:00", "It cannot be taken up before.", "at once"),
    Key(
        "offer",
        "ends",
        "2026-12-08T00:00:00+01:00",
        "It cannot be taken up from then on, so nothing is sent either.",
        "`schedule.end`; one of the two is required",
    ),
    Key(
        "offer",
        "was_since",
        "2026-10-01T00:00:00Z",
        "Since when the former price (`was_price` in `[offer.fields]`) has been charged: at least"
        " 30 days before the start.",
        "no former price is named",
    ),
    Key(
        "offer",
        "personal_price",
        "true",
        "The price was worked out for each person: every text shows `{{ offer.price_note }}`,"
        " which says so.",
        "false",
    ),
    Key(
        "offer",
        "trial",
        "true",
        "Free first, paid later: every text shows `{{ offer.trial_price }}`,"
        " `{{ offer.first_charge }}` and `{{ offer.cancel }}`, which `[offer.fields]` names.",
        "nothing may promise a free trial",
    ),
    Key(
        "offer",
        "sells",
        '"espresso-machine"',
        "The product, as your shop names it: whoever redeems the code has bought it, and is not"
        " reminded of it any more.",
        "the product of `[reminder]`",
    ),
    Key("audience", "topic", '"coffee"', "Only people who asked for this topic are written to."),
    Key("audience", "languages", '["en", "fr"]', '"fr" also means "fr-CA".', "any language"),
    Key("audience", "countries", '["GB", "FR"]', "Two capital letters (ISO 3166).", "any country"),
    Key(
        "audience",
        "holdout",
        '"5 %"',
        "Keeps so many back, always the same people, to see what the offer changes; at most 50 %."
        " 0 keeps nobody back.",
        "5 % of an audience of 2,000 people or more who agreed, else nobody",
    ),
    Key(
        "policy",
        "hours",
        '"09:00-20:00"',
        "Hours on each person's own clock. Text messages stay within 08:00-21:00.",
        "09:00-20:00 with sms, else the whole day",
    ),
    Key(
        "policy",
        "caps",
        '["1 per day per brand", "4 per week"]',
        "Limits beside those of the programme; the narrower one holds.",
        "those of the programme",
    ),
    Key("policy", "cool_down", '"4 hours"', "Least time since any other offer.", "4 hours"),
    Key("policy", "hold", '"72 hours"', "Whoever had to wait longer is skipped.", "72 hours"),
    Key(
        "policy",
        "close_margin",
        '"15 minutes"',
        "Nothing is handed over that close to the end of the hours.",
        "15 minutes",
    ),
    Key("policy", "attempts", "5", "How often a gateway may put one message off, 1 to 20.", "5"),
    Key(
        "policy",
        "asks",
        "true",
        "The offer asks for an answer you hear of (a reply, a click). Whoever ignores eight of such"
        " offers in a row then gets one a month, after twelve none until they stir.",
        "false",
    ),
    Key(
        "policy",
        "widen_reason",
        '"Members asked for hourly seat alerts on 2 May"',
        "Why this campaign may go beyond the programme's limits. With it `caps` replaces them,"
        " `cool_down` may be shorter and `hours` of text messages longer. It is pinned and shown.",
        "no widening",
    ),
    Key("schedule", "start", "2026-12-01T09:00:00Z", "Nothing goes out before.", "at once"),
    Key(
        "schedule",
        "end",
        "2026-12-07T20:00:00Z",
        "Nothing goes out from then on.",
        "`offer.ends`; one of the two is required",
    ),
    Key(
        "schedule",
        "at",
        '"10:00 recipient-local"',
        "Not before this time of day on each person's clock.",
        "as soon as the hours open",
    ),
    Key("schedule", "throttle", '"600 per minute"', "At most so many messages.", "no throttle"),
    Key("cost", "ceiling", '"120.00"', "Stop when this much is spent.", "no ceiling"),
    Key("cost", "gain", '"4.00"', "What each response brings. Whoever costs more is skipped.", "0"),
    Key("cost", "response", '"2 %"', "The share of people expected to respond.", "`gain` needs it"),
    Key("cost", "loss", '"30.00"', "What each person who leaves costs, for good.", "0"),
    Key("cost", "leaving", '"0.1 %"', "The share expected to leave over it.", "`loss` needs it"),
    Key(
        "reminder",
        "product",
        '"espresso-machine"',
        "The offer reminds of this product: it goes to people who looked at it, once, four hours"
        " after the last look at the soonest, and not if they bought it.",
        "it reminds of nothing",
    ),
    Key("gateways", "email", '"smtp"', "The gateway to use for e-mail.", "the first for e-mail"),
    Key("gateways", "sms", '"sandbox-sms"', "The gateway to use for SMS.", "the first for SMS"),
)

Tables = Mapping[str, Mapping[str, Key]]


def tables_of(keys: Iterable[Key]) -> Tables:
    """Give keys by table and name."""
    tables: dict[str, dict[str, Key]] = {}
    for key in keys:
        tables.setdefault(key.table, {})[key.name] = key
    return tables


KEYS = tables_of(_KEYS)

# Tables whose keys the marketer chooses.
FREE_TABLES: Mapping[str, str] = {
    "offer.fields": 'Further words for the template, as {{ offer.until }}: until = "8 December".',
    "audience.attributes": 'What a customer must be: city = ["Lyon", "Lille"] (any of these).',
}


def reference() -> str:
    """Give the reference of the file format in Markdown; docs/reference holds this text."""
    lines = [*_INTRODUCTION]
    for table, keys in KEYS.items():
        lines += told(f"[{table}]", keys)
        for free in (name for name in FREE_TABLES if name.startswith(table + ".")):
            lines += [f"`[{free}]` holds keys of your own. {FREE_TABLES[free]}", ""]
    return "\n".join(lines)


def told(title: str, keys: Mapping[str, Key]) -> list[str]:
    """Give the lines of a reference about one table of keys."""
    lines = [f"## {title}", "", "| key | example | meaning | without it |", "|---|---|---|---|"]
    for key in keys.values():
        without = key.default or "**required**"
        lines.append(f"| `{key.name}` | `{key.example}` | {key.meaning} | {without} |")
    return [*lines, ""]


_INTRODUCTION = (
    "# The campaign file",
    "",
    "Written by `dispatcher.campaign_files.keys`; a test keeps it so.",
    "How to write one step by step: [write a campaign](../how-to/write-a-campaign.md).",
    "",
    "A campaign file is [TOML](https://toml.io), UTF-8, at most 1 MB, no line over 4,000 letters.",
    "Dates carry their offset from UTC (`Z` or `+01:00`). A key that is not listed here is an",
    "error, so that a typing mistake is never silently ignored.",
    "",
)
