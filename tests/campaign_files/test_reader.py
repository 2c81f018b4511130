"""The reader: what a marketer writes becomes what the rules obey, and nothing is guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.campaign_files.keys import KEYS, reference
from dispatcher.campaign_files.prices import TRIAL
from dispatcher.campaign_files.reader import read
from dispatcher.domain.campaigns import Audience, CampaignSpec
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import ALL_DAY, DEFAULT_CAPS, Cap, CapScope, Window, Worth
from dispatcher.errors import CampaignErrors
from tests.support.campaigns import EXAMPLES, GOOD

REFERENCE = EXAMPLES.parent / "reference" / "campaign-file.md"


def spec(text: str) -> CampaignSpec:
    return read(text.encode(), "spring.toml").spec


def test_a_file_says_what_it_says() -> None:
    """Each key of the example is found in the spec."""
    coffee = read((EXAMPLES / "coffee-week.toml").read_bytes(), "coffee-week.toml").spec
    policy = coffee.policy
    assert coffee.channels == (Channel.SMS, Channel.EMAIL)
    assert coffee.audience == Audience("coffee", ("en", "fr", "de"))
    assert coffee.offer.fields["ends_on_fr"] == "lundi 7 décembre"
    assert (policy.brand, policy.topic, policy.subject) == ("northwind", "coffee", "*")
    assert policy.starts_at == datetime(2026, 12, 1, 9, tzinfo=UTC).timestamp()
    assert policy.ends_at == datetime(2026, 12, 8, tzinfo=UTC).timestamp()
    assert (policy.window, policy.send_at, policy.holdout) == (Window(540, 1200), 600, 500)
    assert (policy.min_gap_hours, coffee.per_minute, coffee.ceiling) == (6.0, 600, 120.0)


def test_the_narrower_of_offer_and_schedule_holds() -> None:
    """The later start and the earlier end bind, whichever table names them."""
    last = spec((EXAMPLES / "bike-service.toml").read_text("utf-8")).policy
    assert last.starts_at == datetime(2026, 12, 1, 8, tzinfo=UTC).timestamp()
    assert last.ends_at == datetime(2026, 12, 15, 18, tzinfo=UTC).timestamp()


def test_limits_of_a_file_come_beside_those_of_the_programme() -> None:
    """A file may narrow, so the programme's own limits always stay."""
    caps = spec(GOOD).policy.caps
    assert caps == (*DEFAULT_CAPS, Cap(1, 24, CapScope.BRAND), Cap(3, 168))


def test_going_beyond_the_programme_takes_a_reason() -> None:
    """With a reason the file's limits replace the programme's, and hours may be longer."""
    wide = GOOD.replace("09:00-20:00", "00:00-24:00").replace(
        "[policy]", '[policy]\nwiden_reason = "Members asked for alerts"\ncool_down = "0 hours"'
    )
    policy = spec(wide).policy
    assert policy.caps == (Cap(1, 24, CapScope.BRAND), Cap(3, 168))
    assert (policy.min_gap_hours, policy.window) == (0.0, ALL_DAY)


def test_hours_are_decent_unless_only_mail_is_sent() -> None:
    """Without hours, texts go out by day; e-mail has no hours, since these need a known zone."""
    free = GOOD.replace('hours = "09:00-20:00"\n', "")
    assert spec(free).policy.window == Window(540, 1200)
    assert spec(free.replace('"email", "sms"', '"email"')).policy.window == ALL_DAY


def test_an_idle_limit_is_pointed_out() -> None:
    """A limit wider than the programme's is no mistake, but says that it changes nothing."""
    notices = read(GOOD.replace("3 per week", "9 sms per day").encode(), "spring.toml").notices
    assert notices == (
        "spring.toml:25: 9 in 24 hours changes nothing: the programme allows no more",
    )


@pytest.mark.parametrize(
    "spoil", [lambda b: b"\xef\xbb\xbf" + b, lambda b: b.replace(b"\n", b"\r\n")]
)
def test_editors_habits_change_nothing(spoil: object) -> None:
    """A byte order mark and Windows line ends are read as if they were not there."""
    assert callable(spoil)
    assert read(spoil(GOOD.encode()), "spring.toml").spec == spec(GOOD)


def test_lines_are_right_after_windows_line_ends() -> None:
    """The line in a message is the line an editor shows."""
    spoilt = GOOD.replace("2026-12-08", "2026-02-30").replace("\n", "\r\n")
    with pytest.raises(CampaignErrors, match=r"^spring\.toml:16: "):
        spec(spoilt)


@given(st.binary(max_size=300))
def test_no_bytes_at_all_crash_the_reader(data: bytes) -> None:
    """Whatever file is given, the answer is a campaign or a list of sentences."""
    with pytest.raises(CampaignErrors):
        read(data, "spring.toml")


PIECES = st.sampled_from(
    ['"', "'", "[", "]", "{", "}", "=", ",", "\n", "\\", "#", '"""', "x", " ", "2026-01-01", "é"]
)


@given(st.integers(0, len(GOOD)), st.integers(0, 9), st.lists(PIECES, max_size=4).map("".join))
def test_no_slip_of_the_hand_crashes_the_reader(at: int, cut: int, put: str) -> None:
    """A good file with some letters changed is read, or answered with lines that exist."""
    text = GOOD[:at] + put + GOOD[at + cut :]
    try:
        spec(text)
    except CampaignErrors as errors:
        last = text.count("\n") + 1
        places = [problem.line for problem in errors.problems]
        assert all(1 <= line <= last for line in places)


def test_the_reader_asks_for_exactly_the_documented_keys() -> None:
    """A file with every example of the reference is read; its every key is known and used."""
    text = "".join(
        f"[{table}]\n" + "".join(f"{key.name} = {key.example}\n" for key in keys.values())
        for table, keys in KEYS.items()
    ).replace('kind = "reconfirm"', 'kind = "offer"')  # the only one that has all the rest
    words = ("price_note", *TRIAL)  # what these prices oblige an offer to say
    text += "[offer.fields]\n" + "".join(f'{name} = "words"\n' for name in words)
    assert read(text.encode(), "all.toml").spec.name == "Coffee week, December"
    for keys in KEYS.values():
        for key in keys.values():
            left_out = text.replace(f"\n{key.name} = {key.example}\n", "\n", 1)
            if not key.default:
                with pytest.raises(CampaignErrors, match=f"lacks {key.name}"):
                    read(left_out.encode(), "all.toml")


def test_the_reference_is_the_code_s_own() -> None:
    """docs/reference/campaign-file.md is what the code says about itself."""
    assert Path(REFERENCE).read_text("utf-8") == reference()


def test_what_a_message_is_worth_is_reckoned_only_if_the_file_says() -> None:
    """Gain and response belong together, as do loss and leaving; half a sum is an error."""
    assert spec(GOOD).policy.worth is None
    gain = '[cost]\ngain = "4.00"\nresponse = "2 %"\n'
    assert spec(GOOD.replace("[cost]\n", gain)).policy.worth == Worth(4.0, 0.02)
    loss = f'{gain}loss = "30"\nleaving = "0.1 %"\n'
    assert spec(GOOD.replace("[cost]\n", loss)).policy.worth == Worth(4.0, 0.02, 30.0, 0.001)
    for half in ('gain = "4"', 'response = "2 %"', 'loss = "3"', 'leaving = "1 %"'):
        with pytest.raises(CampaignErrors, match="says nothing without"):
            spec(GOOD.replace("[cost]\n", f"[cost]\n{half}\n"))


def test_asking_for_an_answer_is_said_with_true() -> None:
    """Off unless the file says so, and nothing else than true or false."""
    assert not spec(GOOD).policy.asks
    assert spec(GOOD.replace("[policy]\n", "[policy]\nasks = true\n")).policy.asks
    with pytest.raises(CampaignErrors, match="true or false"):
        spec(GOOD.replace("[policy]\n", '[policy]\nasks = "yes"\n'))


def test_a_reminder_names_its_product() -> None:
    """Its audience are those who looked at it; capitals make no other product of it."""
    reminder = spec(GOOD + '[reminder]\nproduct = "Espresso-Machine"\n')
    assert reminder.policy.reminds_of == "espresso-machine"
    assert reminder.audience.viewed == ("northwind", "espresso-machine")
    assert spec(GOOD).audience.viewed == ()
    with pytest.raises(CampaignErrors, match="name one product") as refused:
        spec(GOOD + '[reminder]\nproduct = "an espresso machine"\n')
    assert len(refused.value.problems) == 1


STAY = """
[campaign]
name = "Stay"
kind = "reconfirm"
template = "stay-in-touch"
channels = ["email"]
[brand]
id = "northwind"
name = "Northwind"
email = "hello@northwind.example"
postal_address = "1 Quay St"
[audience]
topic = "coffee"
[schedule]
end = 2027-12-01T00:00:00Z
"""


def test_a_campaign_that_asks_people_to_stay_offers_nothing() -> None:
    """Nobody is kept back from it, nothing better goes first, and it takes no offer's keys."""
    stay = spec(STAY)
    assert (stay.policy.reconfirms, stay.policy.holdout, stay.policy.burst) == (True, 0, 0)
    assert (stay.audience.ending, stay.priority) == (True, 9)
    for extra in (
        '[offer]\nname = "x"\n',
        '[reminder]\nproduct = "x"\n',
        "[policy]\nasks = true\n",
    ):
        with pytest.raises(CampaignErrors, match="it offers nothing"):
            spec(STAY + extra)
    with pytest.raises(CampaignErrors, match="it offers nothing"):
        spec(STAY.replace("[audience]\n", '[audience]\nholdout = "5 %"\n'))
    with pytest.raises(CampaignErrors, match="there is no such kind"):
        spec(STAY.replace('"reconfirm"', '"resubscribe"'))
    assert not spec(GOOD).policy.reconfirms
