"""Disclosure: texts say only what people told us, and everybody sees beforehand what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.campaign_files.fact_file import read as read_facts
from dispatcher.campaign_files.reader import read
from dispatcher.domain.known_facts import KnownFacts
from dispatcher.domain.messages import Channel
from dispatcher.services.disclosure import Words, problems, reveals
from dispatcher.services.known_facts import shipped
from tests.support.campaigns import GOOD, template

FACTS = shipped().also(
    read_facts(
        b"""
[facts.cluster]
source = "inferred"
purpose = "to choose whom to tell first"
[facts.income]
source = "bought_in"
purpose = "to choose whom to tell first"
[facts.near_shop]
source = "location"
purpose = "to choose whom to tell first"
[facts.tv]
source = "other_device"
purpose = "to choose whom to tell first"
[facts.note]
source = "declared"
purpose = "for the people at the till"
may_show = false
[facts.last_visit]
source = "purchase"
purpose = "to welcome people back"
precision = "minute"
[facts.visits]
source = "purchase"
purpose = "to thank people"
precision = "often"
[facts.child]
source = "declared"
purpose = "to advise parents"
sensitive = true
topic = "parents"
[topics.parents]
covers = ["pregnancy"]
""",
        "facts.toml",
    )
)


def told(text: str, file: str = GOOD, facts: KnownFacts = FACTS) -> list[str]:
    """Say what is wrong with a mail that begins with this text."""
    base = template()
    texts = {**base.texts, "en/text.txt": text + base.texts["en/text.txt"]}
    words = Words(read(file.encode(), "spring.toml"), replace(base, texts=texts), "templates/beans")
    return [str(problem) for problem in problems(words, facts)]


def test_what_people_told_us_may_be_said() -> None:
    """Declared facts and own purchases, as roughly as they are declared."""
    assert told("Hello {{ first_name or 'friend' }}, you come {{ visits }}. {{ city|upper }}") == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("shoe_size", '"shoe_size" is not declared, so nobody knows where it came from; declare'),
        ("cluster", '"cluster" is inferred: it may help to choose people, but is never told them'),
        ("income", '"income" is bought in'),
        ("near_shop", '"near_shop" is from where people have been'),
        ("tv", '"tv" is from another device'),
        ("note", '"note" is declared with may_show = false'),
        ("child", '"child" is sensitive: only people who agreed to "parents"'),
        ("last_visit", '"last_visit" tells a minute; nothing finer than week'),
    ],
)
def test_what_they_did_not_tell_us_is_refused_where_it_stands(name: str, says: str) -> None:
    """With file, line and column, and what to do; a word that hangs on it tells it as well."""
    (problem,) = told(f"Hello\nyou, {{{{ {name} }}}}\n")
    assert problem.startswith("templates/beans/en/text.txt:2:9: ")
    assert says in problem
    (chosen,) = told(f"{{% if {name} == 'x' %}}Back again{{% endif %}}")
    assert chosen.startswith("templates/beans/en/text.txt:1:7: ")
    (kept,) = told(f"{{% set mine = {name} or 'x' %}}{{{{ mine }}}}")
    assert kept.startswith("templates/beans/en/text.txt:1:15: ")


def test_what_is_told_roughly_is_not_reckoned_with() -> None:
    """A filter that makes a number of a rough fact is refused."""
    (problem,) = told("You came {{ visits|trim|int }}")
    assert "en/text.txt:1:13: " in problem
    assert 'told as roughly as it is stored (often); take the filter "int"'.replace('"', "") in (
        problem.replace('"', "")
    )


def test_exact_and_sensitive_words_are_refused_where_they_stand() -> None:
    """Texts of the template, and those of the offer, in the line of the file."""
    (exact,) = told("Hi\n  You viewed it {{ visits }} times")
    assert exact.startswith("templates/beans/en/text.txt:2:7: ")
    (tagged,) = told("For your divorce")
    assert tagged.startswith('templates/beans/en/text.txt:1:10: "divorce": this speaks of divorce')
    (offer,) = told("", GOOD.replace("Two bags for one", "A tea for Ramadan"))
    assert offer.startswith('spring.toml:15:23: offer.headline: "Ramadan": this speaks of religion')


def test_a_reminder_does_not_say_when_somebody_looked() -> None:
    """Neither in its template nor in its offer; other offers may speak of today."""
    words, reminder = "Hi\n  You looked at it yesterday", '[reminder]\nproduct = "kettle"\n'
    (watching,) = told(words, GOOD + reminder)
    assert watching.startswith("templates/beans/en/text.txt:2:7: ")
    assert told(words) == []
    offer = GOOD.replace("Two bags for one", "You saw it this morning")
    assert told("", offer + reminder)[0].startswith("spring.toml:15:")


@pytest.mark.parametrize(
    "condition", ['pharmacy_category = "A"', 'segment = ["Pregnant", "other"]', 'child = "x"']
)
def test_nobody_is_chosen_by_what_is_nobodys_business(condition: str) -> None:
    """Neither by the name of a condition, nor by its value, nor by a fact declared sensitive."""
    file = GOOD.replace("[policy]", f"[audience.attributes]\n{condition}\n\n[policy]")
    (problem,) = told("", file)
    assert problem.startswith("spring.toml:24:1: audience.attributes.")


def test_explicit_consent_to_the_topic_permits_it() -> None:
    """Whoever agreed to hear about this very thing may be written to about it."""
    file = GOOD.replace('topic = "coffee"', 'topic = "parents"')
    file = file.replace("[policy]", '[audience.attributes]\nchild = "x"\n\n[policy]')
    assert told("You are pregnant, {{ child }}", file) == []
    assert told("After the divorce", file) != []


def test_inferred_facts_may_choose_people() -> None:
    """What is not said to anybody may still be a condition."""
    file = GOOD.replace("[policy]", '[audience.attributes]\ncluster = "a"\n\n[policy]')
    assert told("", file) == []


def test_a_trial_is_told_in_every_text() -> None:
    """Price, first charge and way out stand in the mail, its HTML and the text to a phone."""
    fields = 'trial = true\n[offer.fields]\ntrial_price = "9 EUR"\nfirst_charge = "1 May"\n'
    file = GOOD.replace("[audience]", f'{fields}cancel = "reply STOP"\n\n[audience]')
    found = told("{{ offer.trial_price }} {{ offer.first_charge }} {{ offer.cancel }}", file)
    assert not any("en/text.txt" in problem for problem in found)
    assert sum("en/sms.txt:1:1: {{ offer." in problem for problem in found) == 3
    assert not any("subject" in problem for problem in found)


def test_each_fact_is_listed_with_where_it_stands() -> None:
    """By channel, with provenance and purpose; the day of consent is among them."""
    base = template()
    texts = {**base.texts, "en/sms.txt": "Hi {{ first_name }} in {{ city }}, {{ first_name }}"}
    words = replace(base, texts=texts)
    sms = {reveal.fact: reveal for reveal in reveals(words, Channel.SMS, FACTS)}
    assert list(sms) == ["first_name", "city", "language"]
    assert sms["first_name"].places == ("en/sms.txt:1:7", "en/sms.txt:1:39")
    assert (sms["city"].source, sms["city"].precision) == ("declared", "city")
    mail = {reveal.fact for reveal in reveals(words, Channel.EMAIL, FACTS)}
    assert mail == {"language", "consent"}


_PIECES = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", " if ", "cluster", "|int", " set x = ", "\n", "for", "é"]
)


@given(st.lists(_PIECES | st.text(max_size=5)).map("".join))
def test_any_text_of_a_template_can_be_looked_at(text: str) -> None:
    """Whatever a marketer writes, the answer is a list of places, never a crash."""
    for problem in told(text):
        assert problem.startswith("templates/beans/en/text.txt:")
    list(reveals(replace(template(), texts={"en/sms.txt": text}), Channel.SMS, FACTS))


@given(st.lists(_PIECES).map("".join), st.sampled_from(["cluster", "income", "shoe_size"]))
def test_no_writing_around_it_hides_a_fact(before: str, name: str) -> None:
    """A fact that may not be said is found behind anything that leaves the text a template."""
    text = f"{{{{ {name} }}}}{before}"
    assert any(f'"{name}"' in problem for problem in told(text))
