"""The whole way in a real browser, on a phone-sized screen: join, choose, leave, take along.

Everything works the same with scripts switched off, for no page has any.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil
import socket
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_string, policy
from typing import Any

import pytest
import uvicorn
from sqlalchemy import text

from dispatcher.domain.messages import Channel, DeliveryKey
from dispatcher.domain.programme import Topic
from dispatcher.rendering.links import Links
from dispatcher.services.joining import Post
from dispatcher.services.subscribe import Desk
from dispatcher.storage import consents, customers
from dispatcher.web import create_app
from tests.support.patience import eventually
from tests.support.people import ANNA, desk_on
from tests.support.programme import PROGRAMME
from tests.support.requirements import require
from tests.web.doubles import TOKENS, deps_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

IN_ARABIC = replace(
    PROGRAMME,
    sms_sender="",
    topics=(
        Topic("coffee", {"en": "Coffee", "ar": "قهوة"}, {"en": "New roasts."}, ("Northwind",)),
        Topic("theatre", {"en": "Theatre", "ar": "مسرح"}),
    ),
    most_a_month=0,
)
PHONE = {"width": 360, "height": 740}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
_SMALLEST = 44  # pixels, of what a finger has to meet


@dataclass(frozen=True, slots=True)
class Site:
    """The pages as a server serves them, and what went out."""

    desk: Desk
    links: Links

    def newest(self, kind: str) -> str:
        """Give the link in the newest mail of a kind."""
        query = text(
            "SELECT text FROM service_message WHERE class = :kind ORDER BY created_at DESC LIMIT 1"
        )
        with self.desk.database.begin() as conn:
            mail = conn.execute(query, {"kind": kind}).scalar_one()
        body = message_from_string(mail, policy=policy.default).get_body(("plain",))
        assert body is not None
        found = re.search(r"http://127\S+", body.get_content())
        assert found
        return found[0]

    def person(self) -> int:
        """Give whose address it is."""
        digest = self.desk.digests.digest(Channel.EMAIL, ANNA)
        with self.desk.database.begin() as conn:
            found = customers.holder(conn, Channel.EMAIL, digest)
        assert found is not None
        return found

    def own_page(self) -> str:
        """Give the link that every message carries."""
        return self.links.preferences(DeliveryKey(0, self.person(), 1), Channel.EMAIL)

    def allows(self) -> dict[str, str]:
        """Give what the person allows, by topic."""
        with self.desk.database.begin() as conn:
            rows = consents.standings_of(conn, self.person())
        return {row.topic: str(row.state) for row in rows}


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    """Serve the pages on a port of the loopback that is free."""
    with desk_on(database_url) as plain, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        desk = replace(plain, programme=IN_ARABIC)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        links = Links(TOKENS, base, "mail.example")
        app = create_app(replace(deps_for(desk), post=Post(links, "mail", "texts")))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert eventually(lambda: server.started, 20)
        yield Site(desk, links)
        server.should_exit = True
        thread.join(20)


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Open a browser the size of a phone; it keeps what the pages complain of."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    require(browser, "chromium", "walk the pages as people do", "apt install chromium")
    there = importlib.util.find_spec("playwright")
    require(there, "playwright", "walk the pages as people do", "pip install playwright")
    with importlib.import_module("playwright.sync_api").sync_playwright() as player:
        opened = player.chromium.launch(executable_path=browser, args=_FLAGS)
        context = opened.new_context(
            viewport=PHONE, java_script_enabled=request.param, has_touch=True, locale="en-GB"
        )
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))
        yield page
        # A slip is answered with 422 and an erased person's page with 404; browsers note that.
        assert [said for said in complaints if "status of 4" not in said] == []
        opened.close()


def fits(page: Any) -> None:
    """See that nothing runs over the edge, and that a finger meets each thing there is to press."""
    width = page.locator("html").bounding_box()["width"]
    assert width <= PHONE["width"]
    for thing in page.locator("button, label, nav a, a.target, a.button, select").all():
        box = thing.bounding_box()
        assert box["height"] >= _SMALLEST - 0.5, thing.inner_text()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]


def join(page: Any, site: Site) -> None:
    """Ask for coffee, and press the button of the mail that comes."""
    page.goto(f"{site.links.base_url}/join")
    fits(page)
    page.get_by_label("Coffee").check()
    page.get_by_label("My e-mail address").fill(ANNA)
    page.get_by_role("button", name="Ask me to confirm").click()
    page.goto(site.newest("doi_request"))
    page.get_by_role("button", name="Yes, I want this").click()
    page.get_by_role("heading", name="You are in").wait_for()
    assert site.allows() == {"coffee": "active"}


def test_join_confirm_choose_and_leave(site: Site, page: Any) -> None:
    """By keyboard or finger: ticks, hours, quiet, language, and one press that ends it all."""
    join(page, site)
    page.goto(site.own_page())
    fits(page)
    coffee = page.get_by_role("group", name="Coffee").get_by_role("checkbox")
    assert coffee.is_checked()
    page.get_by_role("group", name="Theatre").get_by_role("checkbox").check()
    page.get_by_role("button", name="Save my topics").click()
    assert page.get_by_role("status").inner_text() == "Your topics are saved."
    assert site.allows() == {"coffee": "active", "theatre": "active"}

    page.get_by_label("From").fill("09:00")
    page.get_by_role("button", name="Save when and how often").click()
    page.get_by_role("alert").wait_for()
    page.get_by_label("Until").fill("20:00")
    page.get_by_label("Monday").check()
    page.get_by_role("button", name="Save when and how often").click()
    assert page.get_by_label("Until").input_value() == "20:00"

    page.get_by_role("button", name="A month", exact=True).click()
    page.get_by_text("It is quiet until").wait_for()
    page.get_by_role("button", name="End the quiet").click()
    page.get_by_text("It is quiet until").wait_for(state="detached")

    page.get_by_label("My language").select_option("ar")
    page.get_by_role("button", name="Save my language").click()
    page.locator("html[dir=rtl]").wait_for()
    fits(page)
    page.get_by_label("لغتي").select_option("en")
    page.get_by_role("button", name="حفظ لغتي").click()

    page.get_by_role("button", name="Leave everything").click()
    page.get_by_role("heading", name="You have left").wait_for()
    assert set(site.allows().values()) == {"opted_out"}
    fits(page)
    page.get_by_label("Too many messages").check()
    page.get_by_role("button", name="Say it").click()
    page.get_by_text("It is counted").wait_for()


def test_read_take_along_and_be_forgotten(site: Site, page: Any) -> None:
    """Masked at first; in full, and for good, by a link to the own address."""
    join(page, site)
    page.goto(site.own_page())
    page.get_by_role("link", name="What do you know about me?").click()
    page.get_by_text("a•••@example.com").wait_for()
    page.get_by_text("Yes, I want offers from Northwind Offers").wait_for()
    fits(page)
    page.get_by_role("link", name="Back to my choices").click()
    page.get_by_role("link", name="Why did I get this?").click()
    page.get_by_text("There was none yet.").wait_for()
    page.get_by_role("link", name="Back to my choices").click()

    page.get_by_role("button", name="Get all that is on record").click()
    assert "Look into your own mailbox" in page.get_by_role("status").inner_text()
    page.goto(site.newest("identity_check"))
    fits(page)
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download the file").click()
    with zipfile.ZipFile(coming.value.path()) as archive:
        assert "everything.json" in archive.namelist()

    own = site.own_page()
    page.goto(own)
    page.get_by_role("button", name="Erase everything about me").click()
    page.goto(site.newest("identity_check"))
    page.get_by_role("button", name="Erase everything now").click()
    page.get_by_role("heading", name="You are forgotten").wait_for()
    fits(page)
    assert page.goto(own).status == 404
