"""`dispatcher gateway`: how the ways out are, who goes first, and what happened to them."""

from __future__ import annotations

import re

import pytest

from dispatcher import settings
from dispatcher.domain.pulses import CLASSES, Heard
from dispatcher.storage import gateway_health
from dispatcher.wiring import build
from tests.cli.shell import Shell

CONFIG = """
[gateways.cheap]
kind = "sandbox"
channel = "sms"
priority = 2

[gateways.good]
kind = "sandbox"
channel = "sms"
priority = 1
countries = ["GB"]

[gateways.theirs]
kind = "sandbox"
channel = "sms"
brands = ["acme"]
"""


@pytest.fixture
def three(shell: Shell) -> Shell:
    """A programme with three gateways for texts, of which one has just fallen ill."""
    config = shell.folder / "dispatcher.toml"
    config.write_text((config.read_text() if config.exists() else "") + CONFIG)
    here = build(settings.load())
    with here.database.begin() as conn:
        latency = [0] * (len(CLASSES) + 1)
        latency[14] = 30
        gateway_health.add(conn, "good", Heard(20, 1, 5, 4, latency))
        gateway_health.trip(conn, "good", "30% of its last 40 answers were errors", 0.0)
        gateway_health.note_stand_in(conn, "cheap", "good")
        gateway_health.note_stand_in(conn, "cheap", "good")
    here.close()
    return shell


def test_the_status_tells_what_an_operator_asks_first(three: Shell) -> None:
    """Who rests and why, what each one said, how fast, by which route messages go."""
    told = three.done("gateway", "status")
    by_name = {each["name"]: each for each in told["gateways"]}
    good = by_name["good"]
    assert (good["state"], good["reason"]) == ("resting", "30% of its last 40 answers were errors")
    assert good["error_share"] == pytest.approx(0.3)
    assert good["p50"] == good["p95"] == pytest.approx(0.128)
    assert by_name["cheap"]["state"] == "ready"
    assert told["routes"]["sms *"] == ["good (for GB)", "cheap"]
    assert told["routes"]["sms acme"][0] == "theirs"
    shown = three("gateway", "status").out
    assert re.search(r"good +sms +resting until \d\d:\d\d:\d\d", shown)
    assert "128 ms" in shown
    assert "sms *: good (for GB), then cheap" in shown


def test_the_history_is_told_once_with_its_reasons(three: Shell) -> None:
    """Of one gateway or of all, the newest first; an unknown name is refused."""
    lines = three.done("gateway", "history")["history"]
    assert [(each["gateway"], each["what"]) for each in lines] == [
        ("cheap", "took over"),
        ("good", "tripped"),
    ]
    (line,) = three.done("gateway", "history", "good")["history"]
    assert line["reason"] == "30% of its last 40 answers were errors; rests for 15 s"
    refused = three("gateway", "history", "goode")
    assert refused.code == 1
    assert 'did you mean "good"?' in refused.err


def test_a_halted_gateway_is_told_to_be_halted(three: Shell) -> None:
    """Whatever else it is."""
    three.done("halt", "gateway:good")
    told = three.done("gateway", "status")["gateways"]
    assert {each["name"]: each["state"] for each in told}["good"] == "halted"


def test_the_doctor_names_who_rests(three: Shell) -> None:
    """And where to look next."""
    found = three("doctor", "--json").json()["findings"]
    rests = [each for each in found if "resting since" in each["told"]]
    assert [each["level"] for each in rests] == ["warn"]
    assert "gateway status" in rests[0]["remedy"]


def test_a_kind_that_nobody_knows_is_named(shell: Shell) -> None:
    """A slip of the pen is told with what was meant, by every command."""
    shell.write("dispatcher.toml", '[gateways.mine]\nkind = "twillio"\n')
    result = shell("gateway", "status")
    assert result.code == 2
    assert 'gateways.mine.kind: there is no gateway of the kind "twillio"' in result.err
    assert 'did you mean "twilio"?' in result.err
