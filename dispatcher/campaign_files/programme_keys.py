"""Every key a programme file may hold, with an example and its meaning: the reference in code."""

from __future__ import annotations

from collections.abc import Mapping

from dispatcher.campaign_files.keys import Key, tables_of, told

_KEYS = (
    Key("programme", "name", '"Northwind Offers"', "The name people know it by."),
    Key(
        "programme",
        "email",
        '"offers@northwind.example"',
        "The From address of confirmations.",
    ),
    Key(
        "programme",
        "sms_sender",
        '"+447700900999"',
        "The number people text to, and that answers them.",
        "nobody joins by text",
    ),
    Key("programme", "postal_address", '"1 Quay St, Bristol BS1 4DJ, UK"', "In each e-mail."),
    Key(
        "programme", "contact", '"help@northwind.example"', "What HELP is answered with.", "`email`"
    ),
    Key(
        "programme", "privacy", '"https://northwind.example/privacy"', "The privacy notice.", "none"
    ),
    Key(
        "programme",
        "keywords",
        '["JOIN", "OFFERS"]',
        "Words that begin a join by text, in capital letters or small ones.",
        '`["JOIN"]`',
    ),
    Key(
        "programme",
        "most_a_month",
        "8",
        "So many offers a month by one channel are promised at most, in the wording that people"
        " agree to, and kept as a cap.",
        "nothing is promised",
    ),
    Key(
        "topics",
        "name",
        '{ en = "Coffee and tea", de = "Kaffee und Tee" }',
        "What people read; a plain text stands for all languages.",
    ),
    Key(
        "topics", "about", '"New roasts, tastings, bags at a good price."', "One sentence.", "none"
    ),
    Key("topics", "brands", '["Northwind Coffee"]', "Who writes about it.", "nobody is named"),
)

KEYS = tables_of(_KEYS)

# Tables whose keys are languages.
FREE_TABLES: Mapping[str, str] = {
    "wordings.email": "What people agree to for e-mail, by language. It names `{programme}` and"
    " `{topics}`, and `{most}` where a frequency is promised.",
    "wordings.sms": "The same for text messages.",
}


def reference() -> str:
    """Give the reference of the file format in Markdown; docs/reference holds this text."""
    lines = [*_INTRODUCTION]
    for table, keys in KEYS.items():
        title = "[topics.NAME]" if table == "topics" else f"[{table}]"
        lines += told(title, keys)
    for free, meaning in FREE_TABLES.items():
        lines += [f"## [{free}]", "", meaning, ""]
    return "\n".join(lines)


_INTRODUCTION = (
    "# The programme file",
    "",
    "Written by `dispatcher.campaign_files.programme_keys`; a test keeps it so.",
    "",
    "It says what people may ask for and in whose name confirmations come: `programme.toml` in the",
    "folder of the settings, or the file that the setting `programme` names. Without it nobody can",
    "join by page or text; campaigns, opt-outs and preferences work as ever. It is",
    "[TOML](https://toml.io), UTF-8; a key that is not listed here is an error.",
    "",
)
