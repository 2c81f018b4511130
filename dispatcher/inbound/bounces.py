"""Bounces: mails that came back, read from delivery reports and from servers' plain words."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dispatcher.inbound import non_delivery, second_opinion
from dispatcher.inbound.delivery_status import Action, Told, has_report, report_in
from dispatcher.inbound.mime import Part, parse
from dispatcher.inbound.returned_mail import (
    OurNames,
    addresses,
    message_id,
    our_names,
    returned_head,
)
from dispatcher.inbound.verdicts import (
    BounceKind,
    is_vague,
    read_verdict,
    smtp_code,
    status_for,
    status_in,
)

__all__ = ["Action", "Bounce", "BounceKind", "Failure", "bounce_in", "read_bounce"]

_KINDS = {
    Action.DELAYED: BounceKind.DELAYED,
    Action.DELIVERED: BounceKind.DELIVERED,
    Action.RELAYED: BounceKind.DELIVERED,
    Action.EXPANDED: BounceKind.DELIVERED,
}
_GRAVITY = (Action.FAILED, Action.DELAYED)


@dataclass(frozen=True, slots=True)
class Failure:
    """What became of a mail for one recipient.

    `recipient` is where it was last tried, `original_recipient` what the sender wrote; either may
    be empty. `status` is always three numbers (RFC 3463), derived where the server gave none.
    """

    recipient: str
    original_recipient: str
    action: Action
    status: str
    diagnostic: str
    kind: BounceKind
    smtp_code: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail that tells what became of one of ours; its own fields are the first failure's.

    `message_id` names the returned mail, `names` are its tokens of ours, not verified yet.
    """

    recipients: tuple[Failure, ...]
    message_id: str
    names: OurNames

    @property
    def main(self) -> Failure:
        """The first that failed, else the first delayed, else the first."""
        for action in _GRAVITY:
            for each in self.recipients:
                if each.action is action:
                    return each
        return self.recipients[0]

    @property
    def recipient(self) -> str:
        """Where the mail was last tried; what the sender wrote, if only that is known."""
        return self.main.recipient

    @property
    def original_recipient(self) -> str:
        """The address the sender wrote."""
        return self.main.original_recipient

    @property
    def action(self) -> Action:
        """What became of the mail."""
        return self.main.action

    @property
    def status(self) -> str:
        """The enhanced status code."""
        return self.main.status

    @property
    def diagnostic(self) -> str:
        """The server's words."""
        return self.main.diagnostic

    @property
    def kind(self) -> BounceKind:
        """What it says of the recipient."""
        return self.main.kind


def read_bounce(raw: bytes) -> Bounce | None:
    """Read a bounce; None for any other mail. Never raises, whatever the bytes."""
    return bounce_in(parse(raw))


def bounce_in(mail: Part) -> Bounce | None:
    """Read a bounce from a mail taken apart before."""
    if _is_something_else(mail):
        return None
    told = report_in(mail)
    words = non_delivery.explanation(mail)
    if not told and not _claims(mail) and not non_delivery.is_non_delivery(mail, words):
        return None
    head = returned_head(mail)
    failures = [_reported(each, words, head) for each in told] or _from_words(mail, words, head)
    return Bounce(tuple(failures), message_id(head), our_names(mail))


def _is_something_else(mail: Part) -> bool:
    """Tell complaints and read receipts (RFC 8098) from bounces."""
    kinds = {part.kind for part in mail.walk()[:20]}
    report = mail.parameter("report-type").lower()
    if "message/feedback-report" in kinds or report == "feedback-report":
        return True
    receipt = report == "disposition-notification" or "message/disposition-notification" in kinds
    return receipt and not _is_refusal(mail) and not has_report(mail)


def _is_refusal(mail: Part) -> bool:
    """Tell the refusals that mail stores put into a read receipt (RFC 5429)."""
    subject = mail.header("subject").lower().removeprefix("automatically ")
    return subject.startswith("rejected") or "(rejected" in mail.header("auto-submitted").lower()


def _claims(mail: Part) -> bool:
    """Tell whether a mail calls itself a delivery report, even one without a single field."""
    report = mail.kind == "multipart/report"
    return has_report(mail) or (
        report and mail.parameter("report-type").lower() == "delivery-status"
    )


def _reported(told: Told, words: str, head: Part | None) -> Failure:
    action = told.action or (Action.DELAYED if told.status.startswith("4") else Action.FAILED)
    status = told.status
    original = told.original if "@" in told.original else ""
    final = told.final if "@" in told.final else ""
    if not final and not original:
        sent_to = addresses(head.header("to"))[:1] if head else []
        final = next(iter(sent_to), told.final)
    diagnostic = told.diagnostic or _line_about(final or original, words)
    if is_vague(status):
        status = status_in(diagnostic) or status
    kind = _KINDS.get(action) or read_verdict(status, diagnostic, words)
    return Failure(
        final or original, original, action, status or status_for(kind, diagnostic),
        diagnostic, kind, smtp_code(diagnostic),
    )  # fmt: skip


def _line_about(recipient: str, words: str) -> str:
    """Give what the text part says of a recipient of whom the report says nothing."""
    return non_delivery.diagnostic_for(recipient, words) if words.strip() else ""


def _from_words(mail: Part, words: str, head: Part | None) -> list[Failure]:
    people = non_delivery.failed_recipients(mail, words, head) or second_opinion.on(mail, words)
    people = people[:50]
    delay = non_delivery.is_delay(mail, words)
    found = [_worded(each, words, people, delay=delay) for each in people or [""]]
    subject = mail.header("subject")
    if found[0].diagnostic == "":
        found = [replace(each, diagnostic=subject[:500]) for each in found]
    return found


def _worded(recipient: str, words: str, people: list[str], *, delay: bool) -> Failure:
    diagnostic = non_delivery.diagnostic_for(recipient, words, people)
    status = status_in(diagnostic) or ("" if people[1:] else status_in(words))
    kind = BounceKind.DELAYED if delay else read_verdict(status, diagnostic, words)
    action = Action.DELAYED if delay else Action.FAILED
    if delay and status.startswith("5"):
        status = ""
    return Failure(
        recipient, "", action, status or status_for(kind, diagnostic), diagnostic, kind,
        smtp_code(diagnostic),
    )  # fmt: skip
