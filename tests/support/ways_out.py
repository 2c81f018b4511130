"""Every way by which people leave, as they or their programs do it; each tells when it was heard.

The time given is that of the acknowledgement: a 2xx, a 250, or the return of a command.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from dispatcher.domain.messages import Channel, DeliveryKey
from dispatcher.domain.people import Person
from dispatcher.rendering.links import Links
from dispatcher.services import serve
from dispatcher.storage import customers
from tests.support.house import House

PAGE = {"accept": "text/html", "user-agent": "Mozilla/5.0"}


@dataclass(frozen=True, slots=True)
class WaysOut:
    """What the acts need: our links, where our web app and our receiver of mail are, and a key."""

    house: House
    links: Links
    wave: int
    web: str
    client: httpx.Client
    mail: smtplib.SMTP
    environment: Mapping[str, str]
    secret: str

    def by_mail(self) -> tuple[Callable[[int], float], ...]:
        """Give the ways of somebody who gets mail."""
        return (
            self.click,
            self.press,
            self.write_to_leave,
            self.ask_in_words,
            self.complain,
            self.tell_an_operator,
        )

    def click(self, customer: int) -> float:
        """One click in the mail program (RFC 8058)."""
        answer = self.client.post(self._link(customer), data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        return time.time()

    def press(self, customer: int) -> float:
        """Open the page, look at it, and press its button."""
        assert "<button" in self.client.get(self._link(customer), headers=PAGE).text
        answer = self.client.post(self._link(customer), data={}, headers=PAGE)
        assert answer.status_code == 200
        return time.time()

    def write_to_leave(self, customer: int) -> float:
        """Let the mail program write to the address of List-Unsubscribe (RFC 2369)."""
        _, box = self.links.unsubscribe(self._key(customer), Channel.EMAIL)
        return self._send(customer, box, f"To: {box}\r\nSubject: unsubscribe\r\n\r\n")

    def ask_in_words(self, customer: int) -> float:
        """Answer the mail itself."""
        quoted = "> Two bags for one, until Sunday\r\n"
        words = f"Subject: Re: Coffee week\r\n\r\nPlease remove me.\r\n\r\n{quoted}"
        return self._send(customer, f"hello@{self.links.mail_domain}", words)

    def complain(self, customer: int) -> float:
        """Press "this is spam": the mailbox provider tells us (RFC 5965)."""
        link, box = self.links.unsubscribe(self._key(customer), Channel.EMAIL)
        report = (
            "Subject: complaint\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report;"
            " report-type=feedback-report; boundary=b\r\n\r\n--b\r\n"
            "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n"
            "User-Agent: Provider/1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
            f"From: hello@northwind.example\r\nList-Unsubscribe: <{link}>, <mailto:{box}>\r\n\r\n"
            "words\r\n--b--\r\n"
        )
        return self._send(0, f"fbl@{self.links.mail_domain}", report)

    def tell_an_operator(self, customer: int) -> float:
        """Have it done by whom they called, through the call that the command makes."""
        here = self.house.dispatcher
        with here.database.begin() as conn:
            person = customers.person(conn, customer)
        assert isinstance(person, Person)
        by = serve.By("an operator", here.now())
        assert serve.opt_out(here.desk, person, [Channel.EMAIL], "*", by)
        return time.time()

    def command(self, address: str) -> float:
        """Type the command for it, in a process of its own."""
        words = ("-m", "dispatcher", "customer", "opt-out", address, "--channel", "email")
        subprocess.run(
            [sys.executable, *words], env=dict(self.environment), check=True, capture_output=True
        )
        return time.time()

    def text(self, customer: int, number: str) -> float:
        """Answer "Stop" by text, as the provider tells us."""
        said = {"id": f"mo-{customer}", "from": number, "to": "Northwind", "text": "Stop"}
        body = json.dumps(said).encode()
        at = str(int(time.time()))
        sealed = hmac.digest(self.secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hex()
        headers = {"X-Timestamp": at, "X-Signature": sealed, "Content-Type": "application/json"}
        answer = self.client.post(f"{self.web}/hooks/sms", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return time.time()

    def _link(self, customer: int) -> str:
        return self.links.unsubscribe(self._key(customer), Channel.EMAIL)[0]

    def _key(self, customer: int) -> DeliveryKey:
        return DeliveryKey(self.wave, customer, 1)

    def _send(self, customer: int, to: str, mail: str) -> float:
        sender = f"p{customer}@example.com" if customer else "fbl@provider.example"
        assert self.mail.sendmail(sender, [to], f"From: {sender}\r\n{mail}".encode()) == {}
        return time.time()


@contextmanager
def mail_line(port: int) -> Iterator[smtplib.SMTP]:
    """Give a mail server's line to our receiver."""
    with smtplib.SMTP("127.0.0.1", port) as line:
        yield line
