"""The programme's facts, as the marketer and the operator meet them on the command line."""

from __future__ import annotations

from sqlalchemy import text

from dispatcher.domain.reports import FEWER
from dispatcher.storage.database import Database
from tests.cli.shell import Shell, add_anna, campaign_text

FILE = "spring.toml"
BY_EMAIL = 'channels = ["email"]'
PEOPLE = "email,first_name,language,favourite\n" + "".join(
    f"p{number}@example.com,Ada,en,{'filter' if number < 4 else ''}\n" for number in range(12)
)


def own_template(shell: Shell, text: str) -> None:
    """Change one text of the shipped template, in a folder that wins over it."""
    shell.done("campaign", "new", "Spring")
    for language in ("en",):
        for file, words in {
            "subject.txt": "A week of coffee",
            "text.txt": f"{text}\n{{{{ why }}}} {{{{ unsubscribe_url }}}} {{{{ preferences_url }}}}"
            " {{ brand.postal_address }}",
            "html.mjml": "<mjml><mj-body><mj-section><mj-column><mj-text>{{ why }}"
            ' <a href="{{ unsubscribe_url }}">x</a> <a href="{{ preferences_url }}">y</a>'
            " {{ brand.postal_address }}</mj-text></mj-column></mj-section></mj-body></mjml>",
        }.items():
            shell.write(f"templates/own/{language}/{file}", words)
    shell.write("templates/own/offer.toml", '[sample]\nshoe_size = "42"\n')
    lines = {
        "template": 'template = "own"',
        "channels": BY_EMAIL,
        "languages": 'languages = ["en"]',
    }
    shell.write(FILE, campaign_text(**lines))


def test_preview_lists_what_a_message_reveals(shell: Shell) -> None:
    """Each fact with how it is known, what for, and which file brought it; few are not counted."""
    shell.write("people.csv", PEOPLE)
    shell.done("customer", "import", "people.csv")
    shell.write(FILE, campaign_text(channels=BY_EMAIL))
    reveals = {fact["fact"]: fact for fact in shell.done("campaign", "preview", FILE)["reveals"]}
    assert list(reveals) == ["first_name", "favourite", "language", "consent"]
    name, favourite = reveals["first_name"], reveals["favourite"]
    assert (name["source"], name["known_because"]) == ("declared", "they told us")
    assert name["purpose"] == "to address people by the name they gave"
    (origin,) = name["origins"]
    assert (origin["file"], origin["people"]) == ("people.csv", 12)
    assert origin["at"]
    assert favourite["origins"][0]["people"] == "fewer than 10"
    shown = shell("campaign", "preview", FILE).out
    assert "What it tells people about themselves" in shown
    assert "they told us" in shown


def test_facts_toml_of_this_folder_is_read(shell: Shell) -> None:
    """An undeclared fact is refused everywhere with its place, and passes once it is declared."""
    own_template(shell, "You wear {{ shoe_size }}")
    for command in ("validate", "preview", "approve"):
        refused = shell("campaign", command, FILE)
        assert refused.code == 2
        assert 'templates/own/en/text.txt:1:13: "shoe_size" is not declared' in refused.err
    fact = '[facts.shoe_size]\nsource = "declared"\npurpose = "to offer shoes that fit"\n'
    shell.write("facts.toml", fact)
    shell.done("campaign", "validate", FILE)
    shell.write("facts.toml", fact.replace("declared", "inferred"))
    assert "is inferred" in shell("campaign", "validate", FILE).err


def test_the_file_of_facts_may_lie_elsewhere(shell: Shell) -> None:
    """The setting names it; then it must be there, and it must be right."""
    shell.write(FILE, campaign_text())
    shell.environment.setenv("DISPATCHER_FACTS", "known.toml")
    missing = shell("campaign", "validate", FILE)
    assert (missing.code, "known.toml: there is no such file" in missing.err) == (2, True)
    shell.write("known.toml", "[facts.tier]\n")
    wrong = shell("campaign", "validate", FILE)
    assert "known.toml:1: facts.tier: say where it comes from" in wrong.err


def test_few_people_need_a_reason(shell: Shell) -> None:
    """Enqueueing says how many they are; a reason lets it go on."""
    shell.environment.delenv("DISPATCHER_SMALLEST_AUDIENCE")
    add_anna(shell)
    shell.write(FILE, campaign_text(channels=BY_EMAIL))
    shell.done("campaign", "approve", FILE)
    refused = shell("campaign", "enqueue", "Spring")
    assert refused.code == 1
    assert "would go to fewer than 20 people" in refused.err
    assert shell.done("campaign", "enqueue", "Spring", "--small-audience", "our own jury")["new"]


def test_a_topic_declared_sensitive_wants_a_consent_of_its_own(
    shell: Shell, database_url: str
) -> None:
    """Who agreed to everything is not counted, not tried on, and not reached once approved anew."""
    add_anna(shell)
    database = Database(database_url, pool_size=1)
    with database.begin() as conn:
        conn.execute(text("UPDATE consent SET topic = '*'"))
    database.dispose()
    shell.write(FILE, campaign_text(channels=BY_EMAIL))
    assert shell.done("campaign", "preview", FILE)["reached"] == FEWER
    shell.done("campaign", "approve", FILE)
    shell.write("facts.toml", '[topics.coffee]\ncovers = ["health"]\n')
    assert shell.done("campaign", "preview", FILE)["by_reason"] == {"no_consent": FEWER}
    assert "email: no_consent" in shell("campaign", "test", FILE, "anna@example.com").err
    few = ("--small-audience", "a tasting")
    assert "approve the file again" in shell("campaign", "enqueue", "Spring", *few).err
    assert shell.done("campaign", "approve", FILE)["version"] == 2
    shell.done("campaign", "enqueue", "Spring", *few)
