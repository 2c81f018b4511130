"""Every broken campaign file is answered with path, line and a remedy in a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from dispatcher.domain.messages import Channel
from dispatcher.errors import CampaignErrors
from dispatcher.resources import templates_folder
from dispatcher.services.validate import Workbench, validate
from tests.support.campaigns import EXAMPLES, GATEWAYS, GOOD, workbench

SHIPPED = Workbench([templates_folder()], GATEWAYS)


class Bad(NamedTuple):
    """One broken file: how to spoil the good one, the line that is wrong, words of the answer."""

    name: str
    spoil: Callable[[str], str | bytes]
    line: int
    told: str


def swap(old: str, new: str) -> Callable[[str], str]:
    """Spoil by writing something else in one place."""

    def spoil(text: str) -> str:
        assert text.count(old) == 1, old
        return text.replace(old, new)

    return spoil


def whole(content: str | bytes) -> Callable[[str], str | bytes]:
    """Spoil by writing another file altogether."""
    return lambda _: content


BAD_FILES = (
    # What is no TOML, or no text
    Bad("empty", whole(""), 1, "is empty"),
    Bad("only blank lines", whole("\n\n  \n"), 1, "is empty"),
    Bad("not UTF-8", lambda text: text.replace("Two", "Fünf").encode("cp1252"), 15, "not UTF-8"),
    Bad("UTF-16", lambda text: text.encode("utf-16"), 1, "UTF-16; save it again as UTF-8"),
    Bad("zero bytes", whole(b'[campaign]\nname = "a\0b"\n'), 2, "character"),
    Bad("larger than 1 MB", whole("# " + "x" * 1_000_000), 1, "larger than 1 MB"),
    Bad("one line of 10 kB", whole("a" * 10_000 + " = 1"), 1, "10004 characters"),
    Bad("keys without end", whole(".".join(["a"] * 1900) + " = 1"), 1, "joined by dots"),
    Bad("nested without end", whole("a = [" + ("[" * 3000 + "\n") * 40), 1, "nested too deep"),
    Bad("no quotation marks", swap('"Coffee week"\nheadline', "Coffee\nheadline"), 14, "quotation"),
    Bad("quotation mark left open", swap('one"', "one"), 15, "not closed on this line"),
    Bad("no equals sign", swap('id = "', 'id "'), 7, "equals"),
    Bad("bracket left open", swap('"sms"]', '"sms"'), 6, "never closed, or a comma is missing"),
    Bad("key twice", swap('id = "northwind"', 'id = "a"\nid = "b"'), 8, "written twice"),
    Bad("table twice", lambda text: text + "[offer]\nvalue = 3\n", 37, "written twice"),
    Bad("no such day", swap("2026-12-08", "2026-02-30"), 16, "no such day"),
    # What is missing or unknown
    Bad("nothing but a name", whole('[campaign]\nname = "x"\n'), 1, "lacks template; write:"),
    Bad("no name", swap('name = "Coffee week"\ntemplate', "template"), 1, "[campaign] lacks name"),
    Bad("no topic", swap('topic = "coffee"\n', ""), 18, "[audience] lacks topic"),
    Bad("no end", swap("ends = 2026-12-08T00:00:00Z\n", ""), 26, "nothing says when this ends"),
    Bad("no sender of SMS", swap('sms_sender = "Northwind"\n', ""), 6, "lacks sms_sender"),
    Bad("typing mistake", swap("headline", "headlin"), 15, 'did you mean "headline"?'),
    Bad("unknown table", lambda text: text + "[budget]\nx = 1\n", 37, "no such table"),
    Bad("mistyped table", swap("[cost]", "[costs]"), 32, 'did you mean "cost"?'),
    Bad("key in the wrong table", swap("[offer]", '[offer]\nat = "10:00"'), 14, "[schedule]"),
    Bad("key outside tables", lambda text: "priority = 3\n" + text, 1, "belongs in [campaign]"),
    Bad(
        "table written as a key",
        lambda t: 'brand = "x"\n' + t.replace("[brand]", "[offer.fields]"),
        1,
        "write [brand] on a line of its own",
    ),
    # Values of the wrong kind
    Bad("channel that is none", swap('"sms"]', '"fax"]'), 4, '"email" and "sms"'),
    Bad("channels not a list", swap('["email", "sms"]', '"email"'), 4, "in square brackets"),
    Bad("no channel", swap('["email", "sms"]', "[]"), 4, "name at least one"),
    Bad("the same channel twice", swap('"sms"]', '"email"]'), 4, "named twice"),
    Bad("number for a name", swap('"Northwind Coffee"', "7"), 8, "quotation marks"),
    Bad("empty name", swap('"Northwind Coffee"', '" "'), 8, "is empty"),
    Bad("CR and LF in a name", swap("Northwind Coffee", r"North\r\nBcc: x@y.z"), 8, "line break"),
    Bad("paragraph separator", swap("Two bags", "Two\u2029bags"), 15, "U+2029"),
    Bad("address that is none", swap("hello@northwind.example", "hello"), 9, "bare address"),
    Bad("display name", swap('"hello@northwind.example"', '"Us <a@b.example>"'), 9, "bare address"),
    Bad("SMS sender too long", swap('"Northwind"', '"Northwind Coffee"'), 10, "up to 11 letters"),
    Bad("time without offset", swap("09:00:00Z", "09:00:00"), 28, "add Z for UTC or an offset"),
    Bad("day without time", swap("2026-12-01T09:00:00Z", "2026-12-01"), 28, "add a time"),
    Bad(
        "time in quotation marks", swap("2026-12-01T09:00:00Z", '"Monday"'), 28, "without quotation"
    ),
    Bad("wrong century", swap("2026-12-08", "2206-12-08"), 16, "check the year"),
    Bad("language that is none", swap('"fr"]', '"French"]'), 20, '"fr"'),
    Bad(
        "country slip", swap('topic = "coffee"', 'topic = "coffee"\ncountries = ["UK"]'), 20, '"GB"'
    ),
    Bad("everybody as topic", swap('topic = "coffee"', 'topic = "*"'), 19, "name one topic"),
    Bad("share as a number", swap('"5 %"', "0.05"), 21, "quotation marks"),
    Bad("negative ceiling", swap('"120.00"', '"-3"'), 33, "from 0 to"),
    Bad("ceiling without end", swap('"120.00"', "inf"), 33, "an amount"),
    Bad("throttle in other words", swap("600 per minute", "fast"), 30, "600 per minute"),
    Bad("limit in other words", swap('"3 per week"', '"seldom"'), 25, "1 per day per brand"),
    Bad("unsafe link", swap("ends =", 'url = "http://x.example"\nends ='), 16, "https"),
    Bad(
        "field with a template inside",
        swap("[audience]", '[offer.fields]\n"{{x}}" = "y"\n[audience]'),
        19,
        "small letters",
    ),
    # What does not fit together
    Bad("end before start", swap("2026-12-08", "2026-11-08"), 16, "but only starts at"),
    Bad("hours that never open", swap("09:00-20:00", "09:00-09:00"), 24, "never open"),
    Bad("hours shorter than the margin", swap("09:00-20:00", "09:00-09:10"), 24, "close_margin"),
    Bad("hours overnight", swap("09:00-20:00", "20:00-09:00"), 24, "overnight"),
    Bad("time outside the hours", swap("10:00 recipient", "21:00 recipient"), 29, "policy.hours"),
    Bad("texts at night", swap("09:00-20:00", "06:00-23:00"), 24, "within 08:00-21:00"),
    Bad("most people held back", swap('"5 %"', '"60 %"'), 21, "at most 50 %"),
    Bad("shorter cool-down", swap("caps =", 'cool_down = "1 hour"\ncaps ='), 25, "widen_reason"),
    Bad("untrue urgency", swap("Two bags for one", "Today only: two for one"), 15, "is not true"),
    Bad("pretended reply", swap("Two bags for one", "Re: your order"), 15, "pretends"),
    Bad(
        "gateway of another channel",
        swap('email = "smtp"', 'email = "sandbox-sms"'),
        36,
        "there is sandbox, smtp",
    ),
    Bad("unknown gateway", swap('email = "smtp"', 'email = "smpt"'), 36, 'did you mean "smtp"?'),
    Bad("gateway without channel", swap('["email", "sms"]', '["sms"]'), 36, "campaign.channels"),
    Bad("unknown template", swap('"beans"', '"bean"'), 3, 'did you mean "beans"?'),
    Bad("template outside", swap('"beans"', '"../beans"'), 3, "small letters, digits and hyphens"),
)


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: bad.name)
def test_a_broken_file_names_its_line_and_its_remedy(bad: Bad, tmp_path: Path) -> None:
    """Somewhere among the answers is this one: path, line, and words that help."""
    path = tmp_path / "spring.toml"
    content = bad.spoil(GOOD)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CampaignErrors) as caught:
        validate(path, workbench(tmp_path / "templates"))
    told = str(caught.value).splitlines()
    assert any(line.startswith(f"{path}:{bad.line}: ") and bad.told in line for line in told), (
        "\n".join(told)
    )
    assert not any("Traceback" in line for line in told)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Five mistakes are five lines, in the order of the file."""
    text = GOOD
    for old, new in (
        ("template =", "templat ="),
        ("Northwind Coffee", ""),
        ("2026-12-08", "2026-11-08"),
        ('"fr"]', '"French"]'),
        ('"5 %"', '"60 %"'),
    ):
        text = swap(old, new)(text)
    path = tmp_path / "spring.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(CampaignErrors) as caught:
        validate(path, workbench(tmp_path / "templates"))
    assert [problem.line for problem in caught.value.problems] == [1, 3, 8, 16, 20, 21]


@pytest.mark.parametrize("place", ["nowhere.toml", "."])
def test_what_is_no_file_is_said_so(place: str, tmp_path: Path) -> None:
    """A missing file and a folder are answered in a sentence too."""
    with pytest.raises(CampaignErrors, match=r"no such file|is a folder"):
        validate(tmp_path / place, workbench(tmp_path / "templates"))


# The shipped templates, and what goes wrong between a file and its template.
BETWEEN = (
    (swap('discount = "15 %"\n', ""), "offer.fields.discount: the template coffee-week shows this"),
    (
        swap('code = "WEEK26"\n', ""),
        "offer.code: the template coffee-week shows this too; write: code",
    ),
    (swap("ends_on_fr", "ends_fr"), "write: ends_on_fr = "),
    (swap('"de"]', '"es"]'), "not written in it: it has de, en, fr"),
    (swap('"coffee-week"', '"coffee-weak"'), 'did you mean "coffee-week"?'),
)


@pytest.mark.parametrize(("spoil", "told"), BETWEEN)
def test_what_a_template_needs_is_asked_for(
    spoil: Callable[[str], str], told: str, tmp_path: Path
) -> None:
    """A word that would be missing in somebody's message is named before approval."""
    path = tmp_path / "coffee.toml"
    path.write_text(spoil((EXAMPLES / "coffee-week.toml").read_text("utf-8")), "utf-8")
    with pytest.raises(CampaignErrors, match=re.escape(told)):
        validate(path, SHIPPED)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_shipped_examples_are_right(path: Path) -> None:
    """What people start from has no mistake and no notice."""
    checked = validate(path, SHIPPED)
    assert checked.file.notices == ()
    assert checked.template.name == checked.file.spec.template


def test_a_campaign_without_gateways_is_told_so(tmp_path: Path) -> None:
    """A channel nobody serves is found out before approval, not on the day."""
    path = EXAMPLES / "coffee-week.toml"
    bench = Workbench([templates_folder()], {"smtp": Channel.EMAIL})
    with pytest.raises(CampaignErrors, match="no gateway for sms is configured"):
        validate(path, bench)


def test_a_subject_may_not_lie(tmp_path: Path) -> None:
    """Urgent words in a template's own subject must fit the offer's end as well."""
    bench = workbench(tmp_path / "templates")
    subject = tmp_path / "templates" / "beans" / "fr" / "subject.txt"
    subject.write_text("Dernier jour : {{ offer.headline }}\n", "utf-8")
    path = tmp_path / "spring.toml"
    path.write_text(GOOD, "utf-8")
    with pytest.raises(CampaignErrors, match=re.escape(f'{subject}:1:1: "Dernier jour" is not tr')):
        validate(path, bench)


def test_no_other_text_may_lie_either(tmp_path: Path) -> None:
    """What a mail or a text to a phone says of time is asked like its subject."""
    bench = workbench(tmp_path / "templates")
    sms = tmp_path / "templates" / "beans" / "en" / "sms.txt"
    sms.write_text("{{ brand.name }}: ends tonight! STOP to end\n", "utf-8")
    path = tmp_path / "spring.toml"
    path.write_text(GOOD, "utf-8")
    with pytest.raises(CampaignErrors, match=re.escape(f'{sms}:1:19: "ends tonight" is not true')):
        validate(path, bench)
