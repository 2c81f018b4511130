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
        "programme",
        "language",
        '"de"',
        "The language of answers to people who have not shown theirs.",
        '`"en"`',
    ),
    Key(
        "programme",
        "asked_on_joining",
        "2",
        "So many questions may follow one another when somebody joins by text, 0 to 9. Later"
        " there is at most one new question in 30 days.",
        "2",
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
    Key(
        "questions",
        "kind",
        '"choose"',
        "`topics`: which of the topics, several at once; each chosen one is a consent. `choose`:"
        " one of the choices. `yes-no`, `city`, `postcode`, `text`: an answer of that form.",
    ),
    Key(
        "questions",
        "asks",
        '{ en = "How do you drink it?", de = "Wie trinken Sie ihn?" }',
        "The question, in one text or one for each language. Choices and the way to answer are"
        " written behind it.",
        "`topics` has words of its own; all others need it",
    ),
    Key(
        "questions",
        "gives",
        '{ en = "Then we only offer what fits.", de = "Dann bieten wir nur Passendes an." }',
        "What the person gets for an answer. No question goes without it.",
        "`topics` has words of its own; all others need it",
    ),
    Key(
        "questions",
        "keeps",
        '"drinks"',
        "The attribute that keeps the answer: campaigns choose people by it, templates may show"
        " it. It counts as told by the person.",
        "the question's own name",
    ),
    Key(
        "questions",
        "topics",
        '["coffee", "tea"]',
        "For `topics`: those that are on offer, at most 9.",
        "the first 9 of the file",
    ),
    Key(
        "questions",
        "shape",
        '"AA99"',
        "For `text`: what an answer looks like; 9 is a digit, A a letter, all else itself.",
        "any line of up to 60 letters, digits and plain signs",
    ),
    Key(
        "questions",
        "hours",
        "48",
        "So long an answer is waited for, 1 to 720 hours; then the question is forgotten.",
        "48",
    ),
)

KEYS = tables_of(_KEYS)

# Tables of which there is one for each topic or question, under a name of its own.
NAMED_TABLES = ("topics", "questions")

# Tables whose keys are languages.
FREE_TABLES: Mapping[str, str] = {
    "wordings.email": "What people agree to for e-mail, by language. It names `{programme}` and"
    " `{topics}`, and `{most}` where a frequency is promised.",
    "wordings.sms": "The same for text messages. With it people read these words when they join by"
    " text, and `Reply YES` behind them.",
    "questions.NAME.choices": "For `choose`: up to 9 choices by the word that is kept, in the order"
    ' of their numbers: `filter = { en = "Filter", de = "Filterkaffee" }`.',
}


def reference() -> str:
    """Give the reference of the file format in Markdown; docs/reference holds this text."""
    lines = [*_INTRODUCTION]
    for table, keys in KEYS.items():
        title = f"[{table}.NAME]" if table in NAMED_TABLES else f"[{table}]"
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
