"""A campaign file that is right, to be spoilt by tests, and what it speaks of."""

from __future__ import annotations

from pathlib import Path

from dispatcher.campaign_files.reader import read
from dispatcher.domain.campaigns import TemplateSource
from dispatcher.domain.messages import Channel
from dispatcher.services.care import Care
from dispatcher.services.validate import Checked, Workbench

# The programmes of tests have a handful of people.
FEW = Care(smallest_audience=0)
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
GATEWAYS = {"smtp": Channel.EMAIL, "sandbox": Channel.EMAIL, "sandbox-sms": Channel.SMS}

GOOD = """\
[campaign]
name = "Coffee week"
template = "beans"
channels = ["email", "sms"]

[brand]
id = "northwind"
name = "Northwind Coffee"
email = "hello@northwind.example"
sms_sender = "Northwind"
postal_address = "1 Quay Street, Bristol, UK"

[offer]
name = "Coffee week"
headline = "Two bags for one"
ends = 2026-12-08T00:00:00Z

[audience]
topic = "coffee"
languages = ["en", "fr"]
holdout = "5 %"

[policy]
hours = "09:00-20:00"
caps = ["1 per day per brand", "3 per week"]

[schedule]
start = 2026-12-01T09:00:00Z
at = "10:00 recipient-local"
throttle = "600 per minute"

[cost]
ceiling = "120.00"

[gateways]
email = "smtp"
"""

_SMS = {
    "en": "{{ brand.name }}: {{ offer.headline }}. Reply STOP to end.\n",
    "fr": "{{ brand.name }} : {{ offer.headline }}. STOP pour arrêter.\n",
}
_TEXT = """\
{{ offer.headline }}

{{ why }}
{{ unsubscribe_url }}
{{ preferences_url }}
{{ brand.postal_address }}
"""
_HTML = """\
<mjml><mj-body><mj-section><mj-column>
<mj-text>{{ offer.headline }}</mj-text>
<mj-text>{{ why }} <a href="{{ unsubscribe_url }}">Unsubscribe</a>
<a href="{{ preferences_url }}">Choose</a></mj-text>
<mj-text>{{ brand.name }}, {{ brand.postal_address }}</mj-text>
</mj-column></mj-section></mj-body></mjml>
"""


def write_template(folder: Path, name: str = "beans") -> Path:
    """Write a small template in English and French; give the folder of templates."""
    for language, sms in _SMS.items():
        at = folder / name / language
        at.mkdir(parents=True)
        (at / "subject.txt").write_text("{{ offer.headline }}\n", "utf-8")
        (at / "text.txt").write_text(_TEXT, "utf-8")
        (at / "html.mjml").write_text(_HTML, "utf-8")
        (at / "sms.txt").write_text(sms, "utf-8")
    manifest = 'default_language = "en"\n\n[sample]\nfirst_name = "Anna"\n'
    (folder / name / "offer.toml").write_text(manifest, "utf-8")
    return folder


def workbench(templates: Path) -> Workbench:
    """Give a workbench with small templates and three gateways."""
    return Workbench([write_template(templates)], GATEWAYS, {"smtp": 0.001, "sandbox-sms": 0.05})


def template(name: str = "beans") -> TemplateSource:
    """Give the words of the small template, without reading or checking a folder."""
    texts = {
        f"{language}/{file}": words
        for language, sms in _SMS.items()
        for file, words in (
            ("subject.txt", "{{ offer.headline }}\n"),
            ("text.txt", _TEXT),
            ("html.mjml", _HTML),
            ("sms.txt", sms),
        )
    }
    return TemplateSource(name, texts, (), {"first_name": "Anna"})


def checked(text: str = GOOD, path: str = "spring.toml") -> Checked:
    """Give a campaign as if it had been checked."""
    return Checked(read(text.encode(), path), template())
