"""`dispatcher customer agree` and `disagree`: other hours, at the counter."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.shell import Shell

SUA = "+82 10 2345 6789"
PROOF = (
    *("--wording", "Ads at night too, please", "--evidence", "signed_form=KR-17"),
    *("--source", "paper form, Seoul"),
)


@pytest.fixture
def sua(shell: Shell) -> str:
    """Add somebody with a Korean number and a mail address; give her id."""
    said = shell.done("customer", "add", "--phone", SUA, "--email", "sua@example.com")
    return str(said["customer"])


def agree(shell: Shell, *more: str) -> Any:
    """Let her agree to Korea's night."""
    return shell.done("customer", "agree", SUA, "--to", "KR", *PROOF, *more)


def test_an_agreement_is_recorded_shown_and_exported(shell: Shell, sua: str) -> None:
    """The night of the law, by text only, with the words, the proof and who filed it."""
    assert agree(shell) == {
        "customer": int(sua),
        "to": "KR",
        "hours": "21:00-08:00",
        "in_force": {"sms": True},
    }
    assert "21:00-08:00 in KR" in shell("customer", "show", SUA).out
    told = shell.done("explain", SUA)
    (line,) = told["consents"]
    assert (line["topic"], line["kind"]) == ("hours:KR", "kr_night_consent 21:00-08:00")
    assert (line["source"], line["evidence"]) == ("own_hand", {"signed_form": "KR-17"})
    assert line["wording"] == "Ads at night too, please"
    assert [act["action"] for act in told["acts"]] == ["add", "agree_hours"]
    assert "21:00-08:00" in shell("explain", SUA).out


def test_it_is_taken_back_alone(shell: Shell, sua: str) -> None:
    """Consent to offers stands; taken back twice is no news."""
    consent = ("--topic", "coffee", "--wording", "Yes", "--source", "web", "--channel", "sms")
    shell.done("customer", "opt-in", sua, *consent)
    agree(shell)
    assert shell.done("customer", "disagree", SUA, "--to", "kr")["ended"] == ["sms"]
    assert shell.done("customer", "disagree", SUA, "--to", "KR")["ended"] == []
    allows = shell.done("customer", "show", SUA)["allows"]
    assert {line["topic"]: line["state"] for line in allows} == {
        "coffee": "active",
        "hours:KR": "opted_out",
    }


def test_stop_ends_it_and_an_older_form_opens_nothing(shell: Shell, sua: str) -> None:
    """The command says so, and that she is to be asked anew."""
    agree(shell)
    shell.done("reply", SUA, "STOP")
    late = ("customer", "agree", SUA, "--to", "KR", *PROOF, "--given", "2026-01-05T10:00:00Z")
    assert "Ask them anew" in shell(*late).out
    assert shell.done(*late)["in_force"] == {"sms": False}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "FR"), "the rules of France let nobody agree to other hours; only CO, KR, ZA do"),
        (("--to", "KR", "--hours", "22:00-23:00"), "the night is the law's"),
        (("--to", "ZA"), "say which, as in 19:00-22:00"),
        (("--to", "ZA", "--hours", "late"), "--hours: write hours such as"),
        (("--to", "ZA", "--hours", "20:00-20:00"), "--hours: write hours such as"),
        (("--to", "KR", "--channel", "email"), "bind texts only"),
        (("--to", "KR", "--evidence", "nothing"), "is no name=value"),
        (("--to", "KR", "--wording", " "), "--wording: is empty"),
    ],
)
def test_what_cannot_be_agreed_to_is_said(
    shell: Shell, sua: str, words: tuple[str, ...], said: str
) -> None:
    """Plainly, with what can be, and nothing is recorded."""
    refused = shell("customer", "agree", SUA, *PROOF, *words)
    assert refused.code == 2
    assert said in " ".join(refused.err.split())
    assert shell.done("customer", "show", sua)["allows"] == []


def test_hours_need_proof(shell: Shell, sua: str) -> None:
    """Without evidence of the own hand the command does not even begin."""
    said = ("--wording", "Yes", "--source", "a phone call")
    refused = shell("customer", "agree", SUA, "--to", "KR", *said)
    assert refused.code == 2
    assert "--evidence" in refused.err


def test_no_import_and_no_opt_in_is_an_agreement(shell: Shell, sua: str) -> None:
    """Neither its kind nor its topic can be named there."""
    proof = ("--wording", "Yes", "--source", "web")
    for wrong in (
        ("--topic", "hours:KR"),
        ("--topic", "coffee", "--kind", "kr_night_consent"),
    ):
        assert shell("customer", "opt-in", sua, *wrong, *proof).code == 2
    head = "email,topics,consent_at,consent_kind,consent_source,consent_wording\n"
    row = "ben@example.com,{},2026-05-01T10:00:00Z,{},web,Yes\n"
    rows = [("hours:KR", "gdpr_consent"), ("coffee", "kr_night_consent")]
    shell.write("people.csv", head + "".join(row.format(*each) for each in rows))
    done = shell("customer", "import", "people.csv", "--json")
    allows = shell("customer", "show", "ben@example.com", "--json")
    assert "hours:" not in allows.out, done.out
    assert "active" not in allows.out
