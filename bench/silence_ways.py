"""Every way by which people leave a campaign, as they or their programs do it.

Each returns once it is acknowledged: by a 2xx, a 250, or the return of a call.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from dispatcher.domain.messages import Channel, DeliveryKey
from dispatcher.rendering.links import Links
from dispatcher.services.subscribe import Act, opt_out
from dispatcher.wiring import Dispatcher

SECRET = "a secret of the provider"
_PAGE = {"accept": "text/html", "user-agent": "Mozilla/5.0"}


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody who leaves: their number as a customer, and where they get their messages."""

    person: int
    mail: str
    phone: str


@dataclass(frozen=True, slots=True)
class Ways:
    """What the acts need: our links and pages, a line to our receiver of mail, and the product."""

    here: Dispatcher
    wave: int
    links: Links
    client: httpx.Client
    mail: smtplib.SMTP

    def all(self) -> Mapping[str, Callable[[Leaver], None]]:
        """Give every way by its name."""
        return {
            "api": self.api,
            "one_click": self.one_click,
            "page": self.page,
            "mailto": self.mailto,
            "reply": self.reply,
            "complaint": self.complaint,
            "sms": self.sms,
        }

    def api(self, who: Leaver) -> None:
        """An operator or a system of the operator's says so."""
        opt_out(self.here.desk, Act(who.person, Channel.EMAIL, datetime.now(UTC)))

    def one_click(self, who: Leaver) -> None:
        """The mail program's own button (RFC 8058)."""
        data = {"List-Unsubscribe": "One-Click"}
        self.client.post(self._link(who), data=data).raise_for_status()

    def page(self, who: Leaver) -> None:
        """The link in the mail, and the button on its page."""
        self.client.get(self._link(who), headers=_PAGE).raise_for_status()
        self.client.post(self._link(who), data={}, headers=_PAGE).raise_for_status()

    def mailto(self, who: Leaver) -> None:
        """A mail to the address of List-Unsubscribe (RFC 2369)."""
        _, box = self.links.unsubscribe(self._key(who), Channel.EMAIL)
        self._send(who.mail, box, f"To: {box}\r\nSubject: unsubscribe\r\n\r\n")

    def reply(self, who: Leaver) -> None:
        """An answer to the mail, in words."""
        answered = f"<{self.links.delivery_id(self._key(who))}@{self.links.mail_domain}>"
        head = f"Subject: Re: Coffee week\r\nIn-Reply-To: {answered}\r\n\r\n"
        words = "Please remove me.\r\n\r\n> Two bags for one, until Sunday\r\n"
        self._send(who.mail, f"hello@{self.links.mail_domain}", head + words)

    def complaint(self, who: Leaver) -> None:
        """The button "this is spam": the mailbox provider reports it (RFC 5965)."""
        link = self._link(who)
        report = (
            "Subject: complaint\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report;"
            " report-type=feedback-report; boundary=b\r\n\r\n--b\r\n"
            "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n"
            "User-Agent: Provider/1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
            f"From: hello@brand.example\r\nList-Unsubscribe: <{link}>\r\n\r\nwords\r\n--b--\r\n"
        )
        self._send("fbl@provider.example", f"fbl@{self.links.mail_domain}", report)

    def sms(self, who: Leaver) -> None:
        """A text that says STOP, as the provider passes it on."""
        said = {"id": f"mo-{who.person}", "from": who.phone, "to": "Brand", "text": "STOP"}
        body, at = json.dumps(said).encode(), str(int(time.time()))
        sealed = hmac.digest(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hex()
        heads = {"x-timestamp": at, "x-signature": sealed, "content-type": "application/json"}
        url = f"{self.links.base_url}/hooks/sms"
        self.client.post(url, content=body, headers=heads).raise_for_status()

    def _link(self, who: Leaver) -> str:
        return self.links.unsubscribe(self._key(who), Channel.EMAIL)[0]

    def _key(self, who: Leaver) -> DeliveryKey:
        return DeliveryKey(self.wave, who.person, 1)

    def _send(self, sender: str, to: str, mail: str) -> None:
        refused = self.mail.sendmail(sender, [to], f"From: {sender}\r\n{mail}".encode())
        if refused:
            raise RuntimeError(f"our receiver of mail refuses {to}: {refused}")
