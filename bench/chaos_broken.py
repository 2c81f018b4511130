"""Builds that are broken on purpose: a run that finds nothing in them would prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from dispatcher.domain.decisions import Reason
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import DeliveryKey, Outcome
from dispatcher.services import dispatch as dispatching
from dispatcher.services.gate import BatchGate
from dispatcher.services.reserve import Round
from dispatcher.storage import batches, settlements, workers
from dispatcher.storage.deliveries import Reserved
from dispatcher.storage.journal import Journal
from dispatcher.storage.settlements import Settlement
from dispatcher.storage.watch import Watch


def settle_before_send() -> None:
    """Call everybody told before anybody is."""
    real = vars(dispatching)["reserve"]

    def reserve(*args: Any, **kwargs: Any) -> Round | None:
        current: Round | None = real(*args, **kwargs)
        if current is not None and current.reserved:
            with args[0].begin() as conn:
                settlements.settle(conn, [_told(current, each) for each in current.reserved])
        return current

    _replace(dispatching, "reserve", reserve)


def _told(current: Round, each: Reserved) -> Settlement:
    key = DeliveryKey(current.batch.key.wave_id, each.customer_id, each.attempt)
    return Settlement(key, DeliveryState.ACCEPTED, Reason.OK, Outcome.ACCEPTED)


def settle_nothing() -> None:
    """Throw away what the gateway said."""
    _replace(settlements, "settle", lambda *_: [])


def permit_after_sending() -> None:
    """Send first, and permit what was sent when the batch is handed back."""
    real = batches.hand_back

    def hand_back(conn: Connection, batch: Any, *rest: Any, **named: Any) -> bool:
        permit(conn, batch, batch.size)
        return real(conn, batch, *rest, **named)

    permit = batches.permit
    _replace(batches, "permit", lambda *_: True)
    _replace(batches, "hand_back", hand_back)
    _replace(BatchGate, "_is_permitted", lambda *_: True)


def release_permitted() -> None:
    """Take everybody a dead worker left behind for not told."""
    real = workers.reap

    def reap(conn: Connection, batch: Any, **_: Any) -> workers.Reaped:
        return real(conn, batch, begun=(), absence_proves_unsent=True)

    _replace(workers, "reap", reap)


def no_journal() -> None:
    """Note nothing before the last bytes."""
    _replace(Journal, "begin", lambda *_: None)


def deaf() -> None:
    """Do not hear who withdraws while a batch is on its way."""
    _replace(Watch, "quiet", lambda *_: True)
    _replace(Watch, "withdrawn", lambda *_: False)
    _replace(Watch, "any_withdrawn", lambda *_: False)


def _replace(owner: Any, name: str, what: Any) -> None:
    assert hasattr(owner, name), f"{owner} has no {name} any more"
    setattr(owner, name, what)


BROKEN: dict[str, Callable[[], None]] = {
    "sound": lambda: None,
    "settle-before-send": settle_before_send,
    "settle-nothing": settle_nothing,
    "permit-after-sending": permit_after_sending,
    "release-permitted": release_permitted,
    "no-journal": no_journal,
    "deaf-to-withdrawals": deaf,
}
