"""A gateway in a package of its own: installed beside Dispatcher, it is one like all others."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import orjson
import pytest
from pydantic import SecretStr

from dispatcher.domain.messages import Callback, EventKind
from dispatcher.gateways import registry
from dispatcher.gateways.proofs import Seal
from dispatcher.gateways_in_use import channel_of
from dispatcher.settings import GatewaySettings
from tests.gateways.contract.peers import Case
from tests.gateways.providers.checks import (
    check_code,
    check_forgeries,
    check_silence,
    check_status,
)
from tests.gateways.providers.provider import WALL, Provider
from tests.servers.http import Reply, Request

PACKAGE = Path(__file__).parents[2] / "docs" / "examples" / "example-gateway"
GUIDE = PACKAGE.parents[1] / "how-to" / "write-a-gateway.md"


class Example(Provider):
    """Example Ltd., whose documentation is short."""

    kind = "example"
    secret = "the key of Example's customer"
    options: ClassVar = {"key": secret}
    codes: ClassVar = {"E1": "dead", "E2": "stopped", "E3": "down"}
    statuses: ClassVar = {
        "SENT": "ignored",
        "DELIVRD": "delivered",
        "EXPIRED": "soft",
        "UNDELIV": "bounced",
    }
    played: ClassVar = {Case.STOPPED: "E2", Case.DEAD: "E1"}

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """One id, or one error."""
        said = json.loads(request.body)
        code = code_of.get(said["to"])
        if code is None:
            return Reply(202, json.dumps({"id": f"ex-{said['ref']}"}))
        return Reply(400, json.dumps({"error": {"code": code, "message": "no"}}))

    def callback(self, status: str, code: str = "") -> Callback:
        """JSON under a seal."""
        body = orjson.dumps({"id": "ex-1", "ref": self.key(1), "status": status + code})
        headers = Seal(SecretStr(self.secret)).sign(body, WALL)
        kind = {"content-type": "application/json"}
        return Callback("POST", "/hooks/acme", {}, headers | kind, body, WALL)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, built as any package is."""
    folder = tmp_path_factory.mktemp("example")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(autouse=True)
def installed(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Unpack the example where modules are found, as pip does with a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("example_gateway", None)


def test_it_is_a_kind_like_all_others() -> None:
    """Settings name it by its entry point, and know its channel."""
    assert registry.kinds()["example"].__module__ == "example_gateway"
    settings = GatewaySettings(kind="example")
    assert channel_of("acme", settings) == "sms"


@pytest.mark.parametrize("code", Example.codes)
def test_its_codes_mean_what_they_say(code: str) -> None:
    """The checks of our own adapters hold for it."""
    check_code(Example, code)


@pytest.mark.parametrize("status", Example.statuses)
def test_its_statuses_mean_what_they_say(status: str) -> None:
    """So do those of callbacks."""
    check_status(Example, status, "", Example.statuses[status])


def test_it_believes_no_forgery_and_guesses_nothing() -> None:
    """Forged callbacks are refused; a lost answer is unsure."""
    check_forgeries(Example)
    check_silence(Example)


def test_it_hears_replies() -> None:
    """A person's text comes in as it was written."""
    body = orjson.dumps(
        {"id": "in-1", "from": "+447700900001", "to": "+447700900999", "text": "STOP"}
    )
    headers = Seal(SecretStr(Example.secret)).sign(body, WALL)
    kind = {"content-type": "application/json"}
    callback = Callback("POST", "/hooks/acme", {}, headers | kind, body, WALL)
    [event] = Example().built().read(callback)
    assert (event.kind, event.text, event.sender) == (EventKind.REPLIED, "STOP", "+447700900001")


def test_the_guide_shows_it_as_it_is() -> None:
    """The page on writing a gateway holds the module and its entry point, letter by letter."""
    page = GUIDE.read_text()
    assert (PACKAGE / "example_gateway.py").read_text() in page
    entry = (PACKAGE / "pyproject.toml").read_text().partition("[project.entry-points")[2]
    assert "[project.entry-points" + entry.partition("\n\n")[0] in page
