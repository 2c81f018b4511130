"""Why a message came: the sentence it bore, said once more from what is on record of it."""

from __future__ import annotations

from sqlalchemy import Connection

from dispatcher.domain.campaigns import CampaignVersion
from dispatcher.domain.gsm7 import smarten
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.domain.programme import Programme
from dispatcher.domain.questions import Texts
from dispatcher.domain.why import Ground, day_of, ground_of
from dispatcher.rendering.compiled import compile_reasons
from dispatcher.rendering.reasons import Reasons
from dispatcher.rendering.why import shortened
from dispatcher.storage import campaigns
from dispatcher.storage.stood_on import StoodOn, last_to
from dispatcher.words import Words

_LONGEST_BRAND = 40  # letters, where a text says both who writes and why


class Teller:
    """Tells of message after message why it came; reads each campaign's words once."""

    def __init__(self, conn: Connection, programme: Programme | None) -> None:
        self._conn = conn
        self._programme = programme
        self._known: dict[int, tuple[CampaignVersion, Reasons]] = {}

    def tell(self, stood: StoodOn, language: str) -> str:
        """Say why a message came, in the very words it bore where it was in this language."""
        version, reasons = self._of(stood.version_id)
        return reasons.say(language, ground_on_record(stood, version)).text

    def brand_of(self, stood: StoodOn) -> str:
        """Name the brand whose message it was."""
        return self._of(stood.version_id)[0].spec.brand.name

    def _of(self, version_id: int) -> tuple[CampaignVersion, Reasons]:
        if version_id not in self._known:
            version = campaigns.load_version(self._conn, version_id)
            topic, brand = version.spec.audience.topic, version.spec.brand
            names = topic_names(self._programme, topic)
            self._known[version_id] = (
                version,
                compile_reasons(version.template, brand, topic, names),
            )
        return self._known[version_id]


def ground_on_record(stood: StoodOn, version: CampaignVersion) -> Ground:
    """Give the ground of a message from what is on record."""
    reminds = bool(version.spec.policy.reminds_of)
    day = day_of(stood.since)
    return ground_of(stood.kind, day, in_all=stood.in_all, asked=stood.asked, reminds=reminds)


def topic_names(programme: Programme | None, topic: str) -> Texts:
    """Give what people call a topic, by language; nothing where the programme does not say."""
    found = programme.topic(topic) if programme else None
    return found.names if found else {}


def why_text(
    conn: Connection, programme: Programme | None, person: Person, words: Words
) -> str | None:
    """Answer whoever texts WHY: why the last text came to them, and how to end it.

    None where none ever did; then it is for whoever answers to say so.
    """
    stood = last_to(conn, person.id, Channel.SMS)
    if stood is None:
        return None
    teller = Teller(conn, programme)
    why = teller.tell(stood, person.language or words.language)
    brand = shortened(teller.brand_of(stood), _LONGEST_BRAND)
    return smarten(words("text.why", brand=brand, why=why))
