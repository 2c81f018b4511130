"""Preview: what a campaign would do, told before anybody approves it, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from dispatcher.campaign_files.reader import read
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import ALL_DAY, Policy, Window
from dispatcher.domain.reports import Preview
from dispatcher.rendering import Links
from dispatcher.rules.quiet_hours import Home
from dispatcher.services.preview import possible_times, preview
from dispatcher.services.subscribe import Act, Desk, opt_out
from dispatcher.services.validate import Checked, Workbench, validate
from dispatcher.storage import suppressions
from dispatcher.storage.reach import longest
from dispatcher.tokens import Tokens
from tests.support.campaigns import EXAMPLES, GATEWAYS, GOOD, checked, workbench
from tests.support.people import DIGESTS, NOON, add_person, address, consent_to, desk_on, set_clock
from tests.support.rules import LAW

LINKS = Links(Tokens([b"a key only tests know"]), "https://x.example", "mail.x.example")
BENCH = Workbench([], GATEWAYS, {"smtp": 0.01, "sandbox-sms": 0.05})


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        with desk.database.begin() as conn:
            set_clock(conn, datetime(2026, 11, 20, tzinfo=UTC))
        yield desk


def someone(desk: Desk, customer_id: int, language: str = "en", **facts: str) -> int:
    """Add a person with an e-mail address and a number of their own."""
    facts = {"email": f"p{customer_id}@example.com", "phone": "", **facts}
    zone = facts.pop("zone", "Europe/London")
    return add_person(desk, customer_id, language=language, zone=zone, **facts)


def seen(desk: Desk, file: Checked | None = None) -> Preview:
    return preview(desk.database, file or checked(), BENCH, LINKS, LAW)


def test_each_person_is_counted_under_the_reason_they_would_get(desk: Desk) -> None:
    """Consent, opt-out, suppression, missing address and zone: everybody once."""
    for customer_id in range(1, 8):
        someone(desk, customer_id, "fr" if customer_id == 2 else "en")
    for customer_id in (1, 2, 3, 4):
        consent_to(desk, channel=Channel.EMAIL, customer_id=customer_id)
    opt_out(desk, Act(3, Channel.EMAIL, NOON, topic="coffee"))
    with desk.database.begin() as conn:
        gone = address(Channel.EMAIL, "p4@example.com")
        reason = suppressions.SuppressionReason.OPERATOR
        suppressions.suppress(
            conn, Channel.EMAIL, [gone.digest], reason=reason, source="mia", at=NOON
        )
        conn.execute(text("UPDATE address SET deliverable = false WHERE customer_id = 5"))
        conn.execute(text("DELETE FROM address WHERE customer_id = 6"))
    someone(desk, 8, "de")  # not in this audience
    reach = seen(desk, checked(GOOD.replace('holdout = "5 %"\n', ""))).reach
    assert reach.by_reason() == {
        "ok": 2,
        "bad_address": 1,
        "no_address": 1,
        "no_consent": 1,
        "suppressed": 1,
        "topic_opted_out": 1,
    }
    assert (reach.audience, reach.by_language()) == (7, {"en": 1, "fr": 1})


def test_a_person_is_meant_for_the_first_channel_that_is_allowed(desk: Desk) -> None:
    """Consent to texts alone means a text, though e-mail comes first in the file."""
    phone = "+447700900{:03}"
    for customer_id in (1, 2, 3):
        someone(desk, customer_id, phone=phone.format(customer_id))
    consent_to(desk, channel=Channel.EMAIL, customer_id=1)
    consent_to(desk, channel=Channel.SMS, customer_id=1)
    consent_to(desk, channel=Channel.SMS, customer_id=2)
    told = seen(desk, checked(GOOD.replace('holdout = "5 %"\n', "")))
    assert told.reach.count(channel=Channel.EMAIL) == 1
    assert told.reach.count(channel=Channel.SMS) == 1
    assert told.reach.count("no_consent") == 1
    assert told.cost == 0.06


def test_a_holdout_is_taken_off(desk: Desk) -> None:
    """The people kept back are those the rules will keep back: by the bucket of the address."""
    for customer_id in range(1, 41):
        someone(desk, customer_id)
        consent_to(desk, channel=Channel.EMAIL, customer_id=customer_id)
    kept = sum(DIGESTS.holdout_bucket(f"p{number}@example.com") < 5000 for number in range(1, 41))
    reach = seen(desk, checked(GOOD.replace('"5 %"', '"50 %"'))).reach
    assert 0 < kept < 40
    assert (reach.count("holdout"), reach.count()) == (kept, 40 - kept)


def test_hours_need_a_known_zone(desk: Desk) -> None:
    """Whoever's zone is unknown is not written to while hours are set, and is without them."""
    someone(desk, 1, zone="")
    consent_to(desk, channel=Channel.EMAIL, customer_id=1)
    free = GOOD.replace('hours = "09:00-20:00"', "").replace('at = "10:00 recipient-local"', "")
    free = free.replace('"email", "sms"', '"email"').replace('holdout = "5 %"', "")
    assert seen(desk, checked(GOOD.replace('holdout = "5 %"', ""))).reach.by_reason() == {
        "zone_unknown_closed": 1
    }
    assert seen(desk, checked(free)).reach.by_reason() == {"ok": 1}


def test_samples_speak_each_language_of_the_audience(desk: Desk) -> None:
    """One sample a channel and language, in that language, with its number of parts."""
    path = EXAMPLES / "coffee-week.toml"
    told = seen(desk, validate(path, Workbench([EXAMPLES.parents[1] / "templates"], GATEWAYS)))
    kinds = [(sample.channel, sample.language) for sample in told.samples]
    assert kinds == [(c, lang) for c in (Channel.SMS, Channel.EMAIL) for lang in ("en", "fr", "de")]
    texts = {kind: sample.text for kind, sample in zip(kinds, told.samples, strict=True)}
    assert "STOP to end" in texts[Channel.SMS, "en"]
    assert "lundi 7 décembre" in texts[Channel.SMS, "fr"]
    assert "Montag, 7. Dezember" in texts[Channel.EMAIL, "de"]
    assert all(sample.subject for sample in told.samples if sample.channel is Channel.EMAIL)
    assert 1 <= told.parts[Channel.SMS] <= 2


def test_a_preview_changes_nothing(desk: Desk) -> None:
    """No campaign, no brand, no wave, no line of audit is left behind."""
    someone(desk, 1)
    seen(desk)
    with desk.database.begin() as conn:
        for table in ("campaign", "campaign_version", "brand", "wave", "audit", "withdrawal"):
            assert conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def test_an_empty_audience_is_said_so(desk: Desk) -> None:
    """Nobody, and nobody who may be written to, are told apart."""
    assert "nobody is in this audience" in seen(desk).notices
    someone(desk, 1)
    assert "nobody in this audience may be written to" in seen(desk).notices


# 1 December 2026 is a Tuesday; Kiritimati (UTC+14) opens first, Honolulu (UTC-10) closes last.
POLICY = Policy(0, "b", "t", "*", window=Window(540, 1200), close_margin_minutes=15)


def at(day: int, hour: int, minute: int = 0) -> float:
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC).timestamp()


def mail(*zones: str) -> Home:
    """Give a home that gets e-mail, in one of these zones."""
    return (Channel.EMAIL, (), "", zones)


def test_the_hours_of_countries_are_foreseen() -> None:
    """Texts to France begin on Monday at eight, not on Sunday, and end on Saturday evening."""
    policy = replace(POLICY, window=ALL_DAY, starts_at=at(6, 11), ends_at=at(13, 12))
    france = (Channel.SMS, ("FR",), "", ())
    assert possible_times(policy, [france], at(1, 0), LAW) == (at(7, 7), at(12, 18, 45))
    assert possible_times(policy, [(Channel.SMS, (), "", ())], at(1, 0), LAW) == (None, None)


def test_the_first_and_last_possible_times_span_all_zones() -> None:
    """From the first opening anywhere after the start to the last closing before the end."""
    policy = replace(POLICY, starts_at=at(1, 0), ends_at=at(8, 0))
    zones = [mail("Europe/London"), mail("Pacific/Honolulu")]
    # Honolulu is still open at the start (14:00 on 30 November), and once more before the end.
    assert possible_times(policy, zones, at(1, 0), LAW) == (at(1, 0), at(8, 0))
    assert possible_times(policy, zones[:1], at(1, 0), LAW) == (at(1, 9), at(7, 19, 45))


def test_a_time_of_day_moves_the_first() -> None:
    """ "10:00 recipient-local" is ten on the person's clock; the hours of all their zones bind."""
    policy = replace(POLICY, starts_at=at(1, 0), ends_at=at(8, 0), send_at=600)
    assert possible_times(policy, [mail("Europe/Paris")], at(1, 0), LAW)[0] == at(1, 9)
    assert possible_times(policy, [mail("Europe/Paris", "Europe/London")], at(1, 0), LAW)[0] == at(
        1, 10
    )


def test_what_can_never_go_out_has_no_times() -> None:
    """An end before the first opening, or in the past, leaves nothing."""
    policy = replace(POLICY, starts_at=at(1, 0), ends_at=at(1, 8))
    assert possible_times(policy, [mail("Europe/London")], at(1, 0), LAW) == (None, None)
    assert possible_times(replace(policy, window=ALL_DAY), [mail("UTC")], at(2, 0), LAW)[0] is None


def test_notices_of_the_file_are_passed_on(desk: Desk) -> None:
    """What the file's reader noticed is seen in the preview as well."""
    file = read(GOOD.replace("3 per week", "9 sms per day").encode(), "spring.toml")
    assert file.notices[0] in seen(desk, replace(checked(), file=file)).notices


def test_the_dearest_text_is_that_of_the_longest_name_in_the_audience(desk: Desk) -> None:
    """A long name and a foreign one are reckoned with; those of other audiences are not."""
    named = {
        1: '{"first_name": "Anna"}',
        2: '{"first_name": "Maximiliane"}',
        3: '{"first_name": "Łucja"}',
        4: '{"first_name": "of another audience"}',
    }
    for customer_id, fields in named.items():
        someone(desk, customer_id, "de" if customer_id == 4 else "en")
        with desk.database.begin() as conn:
            values = {"id": customer_id, "fields": fields}
            query = "UPDATE customer SET attributes = CAST(:fields AS jsonb) WHERE id = :id"
            conn.execute(text(query), values)
    with desk.database.begin() as conn:
        found = longest(conn, checked().file.spec.audience, ["first_name", "city"])
    assert found == {"first_name": ("Maximiliane", "Łucja"), "city": ("", "")}
    file = checked()
    words = {**file.template.texts, "en/sms.txt": "{{ first_name }}: " + "a" * 150}
    told = seen(desk, replace(file, template=replace(file.template, texts=words)))
    assert [(each.language, each.parts, each.most_parts) for each in told.texts] == [
        ("en", 1, 3),
        ("fr", 1, 1),
    ]


def test_a_sender_that_numbers_of_the_audience_forbid_is_told_of(desk: Desk) -> None:
    """The file names no country, but somebody in the audience has an American number."""
    someone(desk, 1, phone="+12025550143", country="US")
    assert any("United States: a name" in told for told in seen(desk).notices)


def test_whoever_s_number_takes_no_names_is_written_to_another_way_or_not_at_all(
    desk: Desk,
) -> None:
    """A mail for whoever agreed to mails too; the reach says the very reason of the rule."""
    for customer_id, phone in enumerate(("+12025550001", "+12025550002", "+447700900123"), 1):
        someone(desk, customer_id, phone=phone)
        consent_to(desk, channel=Channel.SMS, customer_id=customer_id)
    consent_to(desk, channel=Channel.EMAIL, customer_id=1)
    text_first = GOOD.replace('["email", "sms"]', '["sms", "email"]')
    file = checked(text_first.replace('holdout = "5 %"\n', ""))
    spec = replace(file.file.spec, policy=replace(file.file.spec.policy, barred_countries=("US",)))
    reach = seen(desk, replace(file, file=replace(file.file, spec=spec))).reach
    assert {(row.channel, row.reason): row.people for row in reach.rows} == {
        (Channel.EMAIL, "ok"): 1,
        (Channel.SMS, "ok"): 1,
        (Channel.SMS, "sender_forbidden"): 1,
    }


def test_an_approval_pins_where_a_name_may_not_send(tmp_path: Path) -> None:
    """The countries are those of the rule data; a number is barred from none of them."""
    bench = workbench(tmp_path / "templates")
    path = tmp_path / "spring.toml"
    path.write_text(GOOD, "utf-8")
    barred = validate(path, bench).file.spec.policy.barred_countries
    assert {"US", "CA", "PR", "BR"} <= set(barred)
    assert not {"GB", "FR", "IE"} & set(barred)
    path.write_text(GOOD.replace('"Northwind"', '"+447700900123"'), "utf-8")
    assert validate(path, bench).file.spec.policy.barred_countries == ()
