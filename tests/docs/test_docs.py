"""What the pages name is there: paths, links, commands, options, settings and tests."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from dispatcher import settings
from dispatcher.cli.entry import load
from dispatcher.cli.table import COMMANDS
from dispatcher.demo.story import AT_THE_END
from dispatcher.errors import ConfigError
from dispatcher.gateways.email.dkim_keys import read_keys
from dispatcher.gateways.email.smtp_settings import SmtpSettings
from dispatcher.gateways.options import converted
from dispatcher.gateways.registry import build
from dispatcher.gateways_in_use import channel_of
from dispatcher.rules import override_file
from dispatcher.services.jurisdictions import shipped
from dispatcher.settings import GatewaySettings, Settings
from tests.docs.pages import DOCS, PAGES, ROOT, Block, Page, page
from tests.support.doomed_worker import POINTS
from tests.support.lost_commits import LOST

IDS = [each.name for each in PAGES]
HOW_IT_WORKS = page(DOCS / "how-it-works.md")
UNITS = sorted((ROOT / "deploy").glob("*.service"))
_PATH = re.compile(r"(?:dispatcher|workers|tests|docs|deploy|bench|migrations|templates)/[\w./-]+")
_TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")
_VERBS = re.compile(r'^    "(\w+)": \w+,$', re.MULTILINE)


@pytest.mark.parametrize("each", PAGES, ids=IDS)
def test_every_link_leads_somewhere(each: Page) -> None:
    """A link within the project names a file that is there, and a heading that it has."""
    for link in each.links:
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = unquote(link).partition("#")
        target = (each.folder / file).resolve() if file else ROOT / each.name
        assert target.exists(), link
        if anchor:
            assert anchor in page(target).anchors, link


@pytest.mark.parametrize("each", PAGES, ids=IDS)
def test_every_path_that_is_named_is_there(each: Page) -> None:
    """A reader who looks for a file finds it."""
    for span in each.spans:
        found = _PATH.fullmatch(span.partition("::")[0])
        if found:
            assert (ROOT / found[0]).exists(), span


def test_every_test_that_is_named_is_there() -> None:
    """The tables of proofs name tests that exist."""
    named = [found for each in PAGES for found in _TEST.findall(each.text)]
    assert len(named) > 20
    for file, function in named:
        assert f"def {function}(" in (ROOT / file).read_text("utf-8"), function


def test_every_point_at_which_a_process_is_killed_is_explained() -> None:
    """The tables of crash points and the points of the crash tests are the same."""
    assert {*POINTS, *LOST} <= set(HOW_IT_WORKS.spans)


@pytest.mark.parametrize("each", PAGES, ids=IDS)
def test_every_command_that_is_named_can_be_typed(each: Page) -> None:
    """Its words are in the tree of commands, its options among those of the command."""
    for line in each.command_lines:
        problem = _problem_with(line)
        assert not problem, f"{line}: {problem}"


def _problem_with(line: str) -> str:
    try:
        words = shlex.split(line.split(" | ")[0], comments=True)
    except ValueError:
        return "the quotes are not closed"
    if words[0] == "./dispatch" and words[1] in VERBS:
        return ""
    entry = COMMANDS.get(words[1])
    if entry is None:
        return f"there is no command {words[1]}"
    command = load(words[1])
    if entry.group and len(words) > 2 and not words[2].startswith("-"):
        command = command.commands.get(words[2])
        if command is None:
            return f"{words[1]} has no command {words[2]}"
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    unknown = given - known - {"--help", "--"}
    return f"there is no {', '.join(unknown)}" if unknown else ""


VERBS = set(_VERBS.findall((ROOT / "dispatch").read_text("utf-8")))


def test_the_verbs_of_the_launcher_were_found() -> None:
    """The test above knows what `./dispatch` understands by itself."""
    assert {"setup", "test", "check", "docs"} <= VERBS


def test_the_counts_shown_of_the_demo_are_those_of_its_story() -> None:
    """Whoever follows the page sees the numbers it tells."""
    [shown] = [each.text for each in page(DOCS / "quickstart.md").blocks if each.language == "text"]
    counts = (line.rsplit(maxsplit=1) for line in shown.splitlines())
    assert {word: int(people) for word, people in counts} == AT_THE_END


def test_every_setting_is_documented() -> None:
    """Each has a line on the page of settings, under the name to be used."""
    spans = page(DOCS / "reference" / "settings.md").spans
    for name, info in Settings.model_fields.items():
        assert str(info.validation_alias or name) in spans
    assert set(GatewaySettings.model_fields) <= set(spans)


@pytest.mark.parametrize("each", PAGES, ids=IDS)
def test_every_variable_that_is_named_is_a_setting(each: Page) -> None:
    """Nobody is told to set what nothing reads."""
    known = {f"DISPATCHER_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"\bDISPATCHER_[A-Z_]*[A-Z]\b", each.text))
    assert named <= known | {"DISPATCHER_CONFIG"}


def test_every_page_can_be_reached_from_the_index() -> None:
    """No page is only for those who know its name."""
    index = page(DOCS / "index.md")
    reached = {(index.folder / link.partition("#")[0]).resolve() for link in index.links}
    pages = {path.resolve() for path in DOCS.rglob("*.md")} - {DOCS / "index.md"}
    assert pages <= reached


MAIL = page(DOCS / "how-to" / "connect-a-mail-server.md")
SHOWN = [each for each in MAIL.blocks if each.language == "toml"]


@pytest.mark.parametrize("block", SHOWN, ids=[f"line {each.line}" for each in SHOWN])
def test_settings_of_the_guide_to_mail_servers_are_right(block: Block) -> None:
    """A table copied from the guide is a gateway, a line copied from it a setting."""
    read = settings.only(**tomllib.loads(block.text))
    for name, gateway in read.gateways.items():
        described = {key: value for key, value in gateway.options.items() if key != "ca_file"}
        assert build(name, gateway.kind, described).kind == "smtp"


SIGNING = [
    pytest.param(each, id=f"{name}, line {each.line}")
    for name in ("sign-mail.md", "check-a-sending-domain.md")
    for each in page(DOCS / "how-to" / name).blocks
    if each.language == "toml"
]


@pytest.mark.parametrize("block", SIGNING)
def test_settings_of_the_guides_to_signing_are_right(block: Block) -> None:
    """Each is a setting, or of a gateway for mail; only the keys themselves are not there."""
    shown = tomllib.loads(block.text)
    for gateway in shown.get("gateways", {}).values():
        gateway |= {"kind": "smtp", "host": gateway.get("host", "mail.example")}
        options = settings.only(gateways={"mail": gateway}).gateways["mail"].options
        described = SmtpSettings(**converted(SmtpSettings, options))
        if described.dkim:
            with pytest.raises(ConfigError, match="cannot be read"):
                read_keys(described.dkim)
    settings.only(**{name: value for name, value in shown.items() if name != "gateways"})


def test_the_example_of_server_settings_is_right() -> None:
    """It can be copied to a server: safe at first, each gateway well described."""
    shown = tomllib.loads((ROOT / "deploy" / "dispatcher.toml.example").read_text("utf-8"))
    read = settings.only(**shown)
    assert read.safe_mode
    channels = {channel_of(name, gateway) for name, gateway in read.gateways.items()}
    assert channels == {"email", "sms"}
    for name, gateway in read.gateways.items():
        assert build(name, gateway.kind, gateway.options).kind == gateway.kind


@pytest.mark.parametrize("path", UNITS, ids=[each.stem for each in UNITS])
def test_a_unit_runs_a_command_that_is_there(path: Path) -> None:
    """Its command can be typed, it knows where its settings are, and the guide names it."""
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(path.read_text("utf-8"))
    service = unit["Service"]
    assert not _problem_with(service["ExecStart"])
    assert service["EnvironmentFile"] == "/etc/dispatcher/environment"
    assert path.name in page(DOCS / "how-to" / "run-in-production.md").spans


def test_the_units_serve_every_queue() -> None:
    """No queue is without a worker on a server."""
    served = {
        queue for path in UNITS for queue in re.findall(r"--queue (\S+)", path.read_text("utf-8"))
    }
    assert served == {"plan", "dispatch.email", "dispatch.sms", "inbound", "tidy"}


def test_the_entries_of_the_guide_to_hours_are_lawful() -> None:
    """Whoever copies one from the page has a file that is accepted."""
    guide = page(DOCS / "how-to" / "change-the-hours-of-a-country.md")
    [shown] = [each.text for each in guide.blocks if each.language == "toml"]
    [entry] = override_file.parse(shown.encode(), guide.name, shipped())
    assert entry.consent_lifts_hours
