"""What every gateway promises about callbacks: understood when genuine, refused when not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from dispatcher.domain.messages import Callback, DeliveryKey, Event, EventKind
from dispatcher.domain.ports import Gateway
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.registry import Supplies, build
from tests.gateways.providers.checks import forgeries

SECRET = "callback secret of the tests"
FOLDER = Path(__file__).parent.parent / "samples"
FORGIVING = {"sendgrid"}  # good for a day: it calls again with the first signature
SAMPLES = sorted(path for path in FOLDER.rglob("*.json") if path.name != "request.json")


@dataclass(frozen=True)
class Sample:
    """A recorded callback and what it means. Signatures in it were made by another program."""

    kind: str
    options: dict[str, Any]
    callback: Callback
    events: list[dict[str, Any]]

    @property
    def sealed(self) -> bool:
        """Whether a signature protects it, instead of a shared word."""
        dated = any("timestamp" in name for name in self.callback.headers)
        return (dated and self.kind not in FORGIVING) or self.kind == "sandbox"

    @property
    def proven_among_fields(self) -> bool:
        """Whether the proof stands among what is told, in the body or the query."""
        return '"sig"' in self.callback.body.decode() or "sig" in self.callback.query

    @property
    def proven_in_the_body(self) -> bool:
        """Whether a signature stands deeper in the body."""
        return (
            re.search(r'"[sS]ignature"|name="signature"', self.callback.body.decode()) is not None
        )

    def gateway(self, name: str = "acme") -> Gateway:
        """Build the gateway it is for."""

        async def put(_: object) -> None: ...

        return build(name, self.kind, self.options, Supplies(put=put, key=SecretStr(SECRET)))


def load(path: Path) -> Sample:
    """Read a sample."""
    data = json.loads(path.read_text())
    said = data["callback"]
    callback = Callback(
        said["method"],
        said["path"],
        said["query"],
        said["headers"],
        said["body"].encode(),
        data["received_at"],
        said.get("url", ""),
    )
    return Sample(data["kind"], data["options"], callback, data["events"])


def expected(sample: Sample, told: dict[str, Any], event: Event) -> Event:
    """Give the event a sample describes; the dedup key is the gateway's own affair."""
    key = DeliveryKey(*told["key"]) if "key" in told else None
    mail = told.get("mail", "").encode()
    rest = {**told, "kind": EventKind(told["kind"]), "key": key, "mail": mail}
    return Event(dedup_key=event.dedup_key, gateway="acme", at=sample.callback.received_at, **rest)


def _name(path: Path) -> str:
    return str(path.relative_to(FOLDER).with_suffix(""))


each_sample = pytest.mark.parametrize("path", SAMPLES, ids=_name)


@each_sample
def test_a_genuine_callback_gives_its_events(path: Path) -> None:
    """Each recorded callback is understood, entry by entry."""
    sample = load(path)
    events = sample.gateway().read(sample.callback)
    assert len(events) == len(sample.events)
    for event, told in zip(events, sample.events, strict=True):
        assert event == expected(sample, told, event)


@each_sample
def test_the_same_callback_twice_gives_the_same_keys(path: Path) -> None:
    """A repeat, even hours later by another process, is known by its dedup keys."""
    sample = load(path)
    first = [event.dedup_key for event in sample.gateway().read(sample.callback)]
    again = [event.dedup_key for event in sample.gateway().read(sample.callback)]
    assert first == again
    assert len(set(first)) == len(first)
    assert not set(first) & {e.dedup_key for e in sample.gateway("other").read(sample.callback)}


FORGERIES: dict[str, Callable[[Callback], Callback]] = {
    "no proof": lambda c: c._replace(
        headers={"content-type": c.header("content-type")}, query={**c.query, "token": ""}
    ),
    "wrong proof": lambda c: c._replace(
        headers={k: _spoil(k, v) for k, v in c.headers.items()},
        query={k: _spoil(k, v) for k, v in c.query.items()},
    ),
    "half a proof": lambda c: c._replace(
        headers={k: v if k == "content-type" else v[:-1] for k, v in c.headers.items()},
        query={k: v[:-1] for k, v in c.query.items()},
    ),
    "strange letters": lambda c: c._replace(
        headers={k: v if k == "content-type" else f"é{v}" for k, v in c.headers.items()},
        query={k: f"é{v}" for k, v in c.query.items()},
    ),
}


def _spoil(name: str, value: str) -> str:
    return value if name == "content-type" else value[::-1]


AMONG_FIELDS = [path for path in SAMPLES if load(path).proven_among_fields]
IN_THE_BODY = [path for path in SAMPLES if load(path).proven_in_the_body]
IN_HEADERS = [path for path in SAMPLES if path not in AMONG_FIELDS + IN_THE_BODY]


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
@pytest.mark.parametrize("path", IN_HEADERS, ids=_name)
def test_a_forged_callback_is_refused(path: Path, forge: Callable[[Callback], Callback]) -> None:
    """Without the right proof nothing is believed, and the refusal tells no secret."""
    sample = load(path)
    with pytest.raises(CallbackRejected) as refusal:
        sample.gateway().read(forge(sample.callback))
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    "change", [{"sig": "F" * 64}, {"sig": ""}, {"messageId": "another"}, {"new": "x"}]
)
@pytest.mark.parametrize("path", AMONG_FIELDS, ids=_name)
def test_a_forged_proof_among_the_fields_is_refused(path: Path, change: dict[str, str]) -> None:
    """Another proof, none, and the right one over other fields."""
    sample = load(path)
    genuine = sample.callback
    said = {**(genuine.query or json.loads(genuine.body)), **change}
    spoilt = {"query": said} if genuine.query else {"body": json.dumps(said).encode()}
    with pytest.raises(CallbackRejected):
        sample.gateway().read(genuine._replace(**spoilt))


@pytest.mark.parametrize("path", IN_THE_BODY, ids=_name)
def test_a_forged_proof_in_the_body_is_refused(path: Path) -> None:
    """A signature deep inside what is told, spoilt or taken out."""
    sample = load(path)
    for forged in forgeries(sample.callback):
        with pytest.raises(CallbackRejected) as refusal:
            sample.gateway().read(forged)
        assert SECRET not in str(refusal.value)


SEALED = [path for path in SAMPLES if load(path).sealed]
each_sealed = pytest.mark.parametrize("path", SEALED, ids=_name)


@each_sealed
def test_another_body_under_the_same_seal_is_refused(path: Path) -> None:
    """One changed, added or missing byte breaks the seal, white space at the end included."""
    sample = load(path)
    body = sample.callback.body
    for changed in (body + b"\n", body[:-1], body.replace(b'"', b"'", 1), b"", b"{}"):
        with pytest.raises(CallbackRejected):
            sample.gateway().read(sample.callback._replace(body=changed))


@each_sealed
@pytest.mark.parametrize("late", [330.0, 86_400.0, -330.0])
def test_an_old_callback_played_again_is_refused(path: Path, late: float) -> None:
    """A genuine callback is good for five minutes around its time of signing."""
    sample = load(path)
    signed = 200.0 if path.stem == "seal_in_another_dress" else 20.0
    moment = sample.callback.received_at - signed + late
    with pytest.raises(CallbackRejected, match="stale"):
        sample.gateway().read(sample.callback._replace(received_at=moment))


@each_sealed
def test_a_new_time_on_an_old_seal_is_refused(path: Path) -> None:
    """The time is signed as well, so it cannot be brought forward."""
    sample = load(path)
    fresh = {
        name: str(int(value) + 1) if value.isdigit() else value
        for name, value in sample.callback.headers.items()
    }
    with pytest.raises(CallbackRejected):
        sample.gateway().read(sample.callback._replace(headers=fresh))


def test_no_callbacks_without_a_secret() -> None:
    """A gateway that was not told how callbacks prove themselves believes none."""
    gateway = build("acme", "http_sms", {"url": "https://sms.example/"})
    with pytest.raises(CallbackRejected, match="not set up"):
        gateway.read(Callback("POST", "/hooks/acme", {}, {}, b"{}", 1790000000.0))
