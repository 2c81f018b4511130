"""A provider's far side: how it answers and calls back, written from its documentation alone.

The expectations of a row are literal and stand apart from the adapter's tables, so that a code
which changes its meaning in one of them fails the suite.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from urllib.parse import quote

from dispatcher.domain.messages import Callback, Channel, DeliveryKey, Message, Outcome
from dispatcher.domain.ports import Gateway
from dispatcher.gateways.callbacks import key_word
from dispatcher.gateways.registry import Supplies, build, channel_of_kind
from tests.gateways.contract.peers import BROKEN, LOST, Case, Peer
from tests.gateways.letters import letter, text_message
from tests.servers.http import Reply, Request, SmsServer

WALL = 1790000000.0
HOOKS = "https://offers.example/hooks"
SUPPLIES = Supplies(hooks=HOOKS, wall=lambda: WALL)


_OUTCOMES = {
    Case.TAKE: Outcome.ACCEPTED,
    Case.REFUSE: Outcome.REFUSED,
    Case.BUSY: Outcome.DEFERRED,
    Case.BROKEN: Outcome.UNSURE,
    Case.STOPPED: Outcome.REFUSED,
    Case.DEAD: Outcome.REFUSED,
    Case.LOST: Outcome.UNSURE,
}
_WITHOUT_A_CODE = (Case.TAKE, Case.BROKEN, Case.LOST)


class Provider(Peer):
    """One provider.

    `codes`, `statuses` and `report_codes` give each code that the adapter knows and its house word
    (a Meaning or a News). `played` says which code stands for a case of the contract.
    """

    options: ClassVar[Mapping[str, Any]]
    codes: ClassVar[Mapping[str, str]]
    statuses: ClassVar[Mapping[str, str]]
    report_codes: ClassVar[Mapping[str, str]] = {}
    phrases: ClassVar[Mapping[tuple[str, str], str]] = {}  # code and words, where these decide
    places: ClassVar[Sequence[str]] = ()  # further paths in callbacks that the adapter looks at
    failure: ClassVar[str] = ""  # the status that a report code comes with
    played: ClassVar[Mapping[Case, str]]

    def __init_subclass__(cls) -> None:
        """Name the row after its kind; it plays what it has a code for, and what needs none."""
        cls.name = cls.kind
        known = {*_WITHOUT_A_CODE, *cls.played} if hasattr(cls, "played") else set(Case)
        cls.outcomes = {case: what for case, what in _OUTCOMES.items() if case in known}

    def __init__(self) -> None:
        self.server = SmsServer()
        self.server.answerer = self._answer
        self.said: dict[str, str] = {}  # address: the code it gets
        self.words_of: dict[str, str] = {}  # address: the words that come with its code
        self.faults: dict[str, Reply] = {}

    @abstractmethod
    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """Answer as the documentation shows it: `code_of` an address is its trouble, if any."""

    @abstractmethod
    def callback(self, status: str, code: str = "") -> Callback:
        """Give a genuine callback, received at WALL, that tells a status of the message 1."""

    def proven(self, said: Any) -> Callback | None:
        """Give a genuine callback that says something strange; None: this row cannot."""
        return None

    def message(self, n: int) -> Message:
        """Give a message for the provider's channel."""
        is_mail = channel_of_kind(self.kind) is Channel.EMAIL
        return letter(n) if is_mail else text_message(n)

    def key(self, n: int) -> str:
        """Give our id of the message n as it travels."""
        return key_word(self.message(n).key)

    def built(self, base_url: str = "https://provider.example") -> Gateway:
        """Build the gateway, speaking to a URL."""
        return build("acme", self.kind, {**self.options, "base_url": base_url}, SUPPLIES)

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[Gateway]:
        """Start the far side and build the gateway."""
        async with self.server as server:
            gateway = self.built(f"http://127.0.0.1:{server.port}")
            yield gateway
            await gateway.aclose()

    def behave(self, n: int, case: Case) -> None:
        """Tell the far side what to do with the message n."""
        if case in (Case.BROKEN, Case.LOST):
            self.faults[self.message(n).address] = BROKEN if case is Case.BROKEN else LOST
        elif case is not Case.TAKE:
            self.said[self.message(n).address] = self.played[case]

    def reached(self) -> list[DeliveryKey]:
        """Find everybody whose message is in a request, once for each request."""
        people = [n for request in self.server.requests for n in self.people_in(request)]
        return [self.message(n).key for n in people]

    def people_in(self, request: Request) -> list[int]:
        """Give the ordinals of the messages in a request, in order."""
        return [n for n in range(_MOST) if self._address_in(request, n)]

    async def vanish(self) -> None:
        """Take the far side away."""
        await self.server.leave()

    def _address_in(self, request: Request, n: int) -> bool:
        address = self.message(n).address
        return any(each in request.text for each in (address.removeprefix("+"), quote(address)))

    def _answer(self, request: Request) -> Reply:
        for address, fault in self.faults.items():
            if address.removeprefix("+") in request.text:
                return fault
        return self.answer(request, self.said)


_MOST = 200
