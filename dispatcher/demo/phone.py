"""The sandbox phones: what they show, and what is typed on them, sent as gateways' callbacks."""

from __future__ import annotations

import httpx
import orjson
from sqlalchemy import text

from dispatcher.demo.stage import DemoFailed, Stage
from dispatcher.domain.messages import Channel
from dispatcher.gateways.proofs import Seal

# Gateways seal by the wall's clock, not by the programme's, which the demo has set.
_WALL = text("SELECT extract(epoch FROM clock_timestamp())::float8")
_TEXTS = text("""
    SELECT convert_from(content, 'UTF8') FROM sandbox_message
    WHERE channel = 'sms' AND recipient = :number ORDER BY id
""")


def texts_on(stage: Stage, number: str) -> list[str]:
    """Give every text a phone has received, the oldest first."""
    with stage.dispatcher.database.begin() as conn:
        return list(conn.execute(_TEXTS, {"number": number}).scalars())


def talk(stage: Stage, number: str, to: str, said: str) -> str:
    """Send a text from a phone; give what it is answered with, be it an offer."""
    before = len(texts_on(stage, number))
    reply(stage, number, to, said)
    stage.wait(f'"{said}" is answered', lambda: len(texts_on(stage, number)) > before)
    return " ".join(texts_on(stage, number)[before:])


def reply(stage: Stage, number: str, to: str, said: str) -> None:
    """Send a text from a phone; once this returns, it is recorded and obeyed."""
    here = stage.dispatcher
    told = {"from": number, "to": to, "text": said, "id": here.desk.entropy(8).hex()}
    body = orjson.dumps(told)
    with here.database.begin() as conn:
        seal = Seal(here.seal).sign(body, float(conn.execute(_WALL).scalar_one()))
    headers = {"content-type": "application/json", **seal}
    with httpx.Client(trust_env=False, timeout=10) as client:
        answer = client.post(f"{stage.web_url}/hooks/{Channel.SMS}", content=body, headers=headers)
    if not answer.is_success:
        raise DemoFailed(f"the reply was answered with {answer.status_code}: {answer.text.strip()}")
