"""The sandbox page: messages to look at, phones to answer on, and why each message came."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.demo.runs import COUNTS, Demo
from tests.support.isolation import namespaces_work
from tests.support.patience import eventually
from tests.support.requirements import require

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180), pytest.mark.xdist_group("sandbox")]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo that has told its story and serves the page; SIGTERM ends it, with nothing left.

    It is run as by strangers elsewhere: half an hour off everybody's clock, and where it can be
    arranged by a uid without a name.
    """
    place = tmp_path_factory.mktemp("sandbox")
    zone, nameless = "America/St_Johns", namespaces_work()
    demo = Demo.start(place, "--json", "--seconds", "170", nameless=nameless, TZ=zone)
    assert eventually(lambda: _address(demo), 90), demo.said + demo.complained
    yield demo
    assert demo.end() == 0
    assert demo.leftovers() == []


@pytest.fixture
def sandbox(demo: Demo) -> Iterator[httpx.Client]:
    """A visitor's browser."""
    with httpx.Client(base_url=_address(demo), trust_env=False, timeout=20) as client:
        yield client


def _address(demo: Demo) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+/sandbox/[\w-]+/", demo.complained)
    return found[0] if found else ""


def _first(client: httpx.Client, kind: str, nth: int = 0) -> str:
    found: list[str] = re.findall(rf"{kind}/\d+", client.get("").text)
    return found[nth]


def _type(client: httpx.Client, phone: str, text: str) -> str:
    assert client.post(phone, data={"text": text}).status_code == 303
    return client.get(f"{phone}/said").text


def _why(client: httpx.Client, phone: str) -> str:
    return client.get(phone.replace("phone", "why")).text


def test_programs_get_the_counts_as_json(demo: Demo) -> None:
    """With --json standard output is one object; people read along on standard error."""
    told = json.loads(demo.said)
    assert told["counts"] == {word.replace(" ", "_"): people for word, people in COUNTS.items()}
    assert sum(people for _, _, people in told["rows"]) == sum(COUNTS.values())
    assert "is enqueued" in demo.complained


def test_its_counts_are_those_of_the_database(demo: Demo) -> None:
    """Whoever asks the database, not the demo, finds as many people as it said."""
    told = json.loads(demo.said)["counts"]
    with psycopg.connect(demo.database_url.replace("+psycopg", "")) as connection:
        rows = connection.execute("SELECT state, reason, count(*) FROM delivery GROUP BY 1, 2")
        found = {(state, reason): people for state, reason, people in rows}
    assert found == {
        ("accepted", "ok"): told["sent"],
        ("skipped", "no_consent"): told["no_consent"],
        ("skipped", "imported_unproven"): told["unproven"],
        ("skipped", "holdout"): told["holdout"],
        ("skipped", "cap_person"): told["capped"],
        ("skipped", "topic_opted_out"): told["opted_out"] - 1,
        ("skipped", "suppressed"): 1,
    }


@pytest.mark.usefixtures("namespaces")
def test_who_has_no_name_gets_the_same_story(demo: Demo) -> None:
    """The demo ran as uid 12345, which /etc/passwd does not know, to the same counts."""
    status = Path(f"/proc/{demo.process.pid}/uid_map").read_text().split()
    assert status[0] == "12345"
    assert json.loads(demo.said)["counts"]["sent"] == COUNTS["sent"]


def test_a_reply_takes_the_real_way_and_shows_its_confirmation(sandbox: httpx.Client) -> None:
    """Whoever types "pls stop" sees the text, how it was understood, and the confirmation."""
    phone = _first(sandbox, "phone", 6)
    page = _type(sandbox, phone, "pls stop")
    assert page.index("You&#39;re unsubscribed") < page.index("pls stop\n")  # drawn from below
    assert "understood as opt_out" in page
    assert "sms is silent since" in _why(sandbox, phone)
    assert "Welcome back" in _type(sandbox, phone, "START")
    assert "sms is silent since" not in _why(sandbox, phone)


def test_the_guest_s_talk_can_be_read(sandbox: httpx.Client) -> None:
    """From the JOIN of a number that nobody knew to the STOP, and what stands now."""
    home = sandbox.get("").text
    found = re.search(r"(phone/\d+)\"[^>]*><span>\+447700900555", home)
    assert found
    said = sandbox.get(f"{found[1]}/said").text
    order = [said.index(f">{words}\n") for words in ("STOP", "MORE", "espresso", "YES", "JOIN")]
    assert order == sorted(order)  # drawn from below
    why = _why(sandbox, found[1])
    assert "sms is silent since" in why
    assert "Espresso evening waits until" in why


def test_a_new_phone_joins_and_is_answered(sandbox: httpx.Client) -> None:
    """A number of one's own: the word, the YES, and a customer's page."""
    new = "number/447700900777"
    assert "reply YES" in _type(sandbox, new, "JOIN")
    assert "1 Coffee and tea, 2 Theatre" in _type(sandbox, new, "YES")
    assert "/phone/" in sandbox.get(new).headers["location"]


def test_each_message_says_why_it_came(sandbox: httpx.Client) -> None:
    """The very words agreed to, and each verdict decided again."""
    page = _why(sandbox, _first(sandbox, "phone", 8))
    assert "Why did I get this?" in page
    assert "tell me about offers on what I ticked" in page
    assert "the same" in page


def test_a_mail_is_shown_in_a_cage(sandbox: httpx.Client) -> None:
    """Its HTML may run nothing and load nothing, wherever it is opened."""
    mail = _first(sandbox, "mail")
    assert '<iframe sandbox="allow-popups' in sandbox.get(mail).text
    policy = sandbox.get(f"{mail}/body").headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "sandbox allow-popups" in policy
    assert "script" not in policy


def test_a_browser_shows_it(sandbox: httpx.Client) -> None:
    """A real browser draws the mail, frame and all, without an error of the page's own."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    require(browser, "chromium", "see the page as people do", "apt install chromium")
    address = f"{sandbox.base_url}{_first(sandbox, 'mail')}"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-logging"]
    shown = subprocess.run(
        [str(browser), *options, "--log-level=0", "--dump-dom", address],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "List-Unsubscribe" in shown.stdout
    assert "Refused to" not in shown.stderr
