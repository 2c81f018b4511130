"""The obvious design, well made: one Celery task a message, an ORM, a template, smtplib.

What most programmes do who send from Celery: the template is compiled once a process, the
connection to the mail server is kept, and each message has its reads, its verdict and its commit.
"""

from __future__ import annotations

import os
import smtplib
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cache

from celery import Celery
from jinja2 import DictLoader, Environment
from sqlalchemy import ForeignKey, create_engine, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bench.world import BRAND, TEMPLATES
from dispatcher.domain.messages import Channel, DeliveryKey
from dispatcher.rendering import Links, load
from dispatcher.rendering.mjml import to_html
from dispatcher.tokens import Tokens

DATABASE, PORT = "ONE_TASK_DATABASE", "ONE_TASK_PORT"
SLOTS = ("first_name", "last_name", "city", "favourite", "points", "tier", "shop", "member_since")
_MOST_IN_A_DAY = 2

app = Celery("one_task")
app.config_from_object(  # named, so that the product's own celeryconfig.py has no say here
    {
        "task_ignore_result": True,
        "task_acks_late": True,
        "worker_prefetch_multiplier": 16,
        "broker_connection_retry_on_startup": True,
    }
)


class Base(DeclarativeBase):
    """The tables of this design."""


class Customer(Base):
    """Somebody with an address and what the mail says of them."""

    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    city: Mapped[str]
    favourite: Mapped[str]
    points: Mapped[str]
    tier: Mapped[str]
    shop: Mapped[str]
    member_since: Mapped[str]


class Consent(Base):
    """What somebody wants to hear about."""

    __tablename__ = "consent"
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    active: Mapped[bool]


class Suppression(Base):
    """An address that must never be written to."""

    __tablename__ = "suppression"
    email: Mapped[str] = mapped_column(primary_key=True)


class Delivery(Base):
    """What became of one message; who got one today counts towards the cap."""

    __tablename__ = "delivery"
    campaign: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    state: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)


@cache
def _engine() -> Engine:
    return create_engine(os.environ[DATABASE])


@cache
def _templates() -> Environment:
    texts = load(TEMPLATES / "ten-slots").texts
    sources = {
        "subject": texts["en/subject.txt"],
        "text": texts["en/text.txt"],
        "html": to_html(texts["en/html.mjml"], "en"),
    }
    escaped = Environment(loader=DictLoader(sources), autoescape=lambda name: name == "html")
    for name in sources:
        escaped.get_template(name)
    return escaped


@cache
def _links() -> Links:
    return Links(Tokens([b"k" * 32]), "https://news.northwind.example", "in.northwind.example")


@cache
def _server() -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", int(os.environ[PORT]))


@app.task(name="send_offer")
def send_offer(campaign: str, wave: int, customer_id: int) -> None:
    """Check, render, send and note one person's offer."""
    with Session(_engine()) as session:
        if session.get(Delivery, (campaign, customer_id)) is not None:
            return
        customer = session.get_one(Customer, customer_id)
        delivery = Delivery(campaign=campaign, customer_id=customer_id, at=datetime.now(UTC))
        delivery.state = _refusal(session, customer)
        if not delivery.state:
            _server().send_message(_mail(wave, customer))
            delivery.state = "accepted"
        session.add(delivery)
        session.commit()


def _refusal(session: Session, customer: Customer) -> str:
    consent = session.get(Consent, (customer.id, "coffee"))
    if consent is None or not consent.active:
        return "no consent"
    if session.get(Suppression, customer.email) is not None:
        return "suppressed"
    a_day_ago = datetime.now(UTC) - timedelta(days=1)
    today = select(func.count()).where(
        Delivery.customer_id == customer.id, Delivery.state == "accepted", Delivery.at > a_day_ago
    )
    return "capped" if session.execute(today).scalar_one() >= _MOST_IN_A_DAY else ""


def _mail(wave: int, customer: Customer) -> EmailMessage:
    link, _ = _links().unsubscribe(DeliveryKey(wave, customer.id, 1), Channel.EMAIL)
    values = {slot: getattr(customer, slot) for slot in SLOTS} | {
        "brand": BRAND,
        "offer": {"url": "https://shop.example/week", "code": "WEEK26"},
        "why": "You asked for coffee news on 1 June 2026.",
        "unsubscribe_url": link,
        "preferences_url": link,
    }
    templates = _templates()
    mail = EmailMessage()
    mail["From"] = BRAND.email
    mail["To"] = customer.email
    mail["Subject"] = templates.get_template("subject").render(values).strip()
    mail["List-Unsubscribe"] = f"<{link}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(templates.get_template("text").render(values))
    mail.add_alternative(templates.get_template("html").render(values), subtype="html")
    return mail
