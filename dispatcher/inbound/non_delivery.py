"""Bounces without a report: who failed and in which words, as three decades of servers wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dispatcher.inbound.mime import Part
from dispatcher.inbound.plain import from_html
from dispatcher.inbound.refusals import HARD, SOFT, cause
from dispatcher.inbound.returned_mail import address, addresses, copy_at, sent_to
from dispatcher.inbound.verdicts import plain

_MOST = 12_000
_SENDERS = re.compile(
    r"mailer[-_. ]?daemon|mail[-_. ]?(?:er|delivery)|post[-_.]?mast|mail[-_ ]?admin|mdaemon|"
    r"maildelivery|bounce|nondelivery|non-delivery|delivery|mail[-_ ]?daemon|daemon|majordomo|"
    r"microsoftexchange[0-9a-f]+|exchange|notification|mrelay|mailmaster|noreply|no-reply|"
    r"symantec|mailsweeper|mail ?server|smtp|system ?administrator|systemverwaltung|root|"
    r"mailsystem"
    r"|administra[dt]or|uucp|mmdf|nobody|delivery subsystem|mail router",
    re.IGNORECASE,
)
_SURE_SENDERS = re.compile(
    r"mailer[-_. ]?daemon|mail delivery|maildelivery|microsoftexchange[0-9a-f]{6}|mdaemon\b|"
    r"mail[-_ ]?daemon|nondelivery|mmdf",
    re.IGNORECASE,
)
_POSTMASTER = re.compile(r"\bpost[-_.]?master@", re.IGNORECASE)
_SUBJECTS = re.compile(
    r"undeliver(?:able|ed)|delivery (?:status|failure|failed|has failed|report|error|problem"
    r"|notification|unsuccessful|delay)|fail(?:ed|ure)[^a-z]{1,3}(?:notice|delivery|"
    r"to deliver|mail)"
    r"|failure notice|returned (?:mail|to sender|message|e-?mail)|"
    r"mail (?:delivery )?(?:failed|failure"
    r"|error|system error|could not|undeliver|returned|rejected|delivery)|"
    r"(?:message|mail|e-?mail)[^.]{0,30}(?:not (?:be |been )?(?:delivered|sent|accepted)|"
    r"undeliver"
    r"|could not|returned|rejected|bounced|blocked|delayed|status - )|non[- ]?(?:delivery|"
    r"delivered"
    r"|deliverable|remis)|nondeliver|not delivered|could(?:n't| not) (?:be )?(?:deliver|"
    r"send)|user unknown|"
    r"unknown (?:user|recipient|address)|unable to deliver|can(?:no|')t deliver|not deliverable|"
    r"warning: (?:could not|message|mail|e-?mail|delayed)|delayed (?:mail|message)|"
    r"still being retried|"
    r"ndn:|ndr\b|nondeliverable|permanent delivery|transient delivery|^\s*rejected:|"
    r"invalid (?:recipient|address)|"
    r"(?:mailbox|quota)[^.]{0,12}(?:full|exceed|unavailable)|transmission failure|"
    r"virus (?:found|detected|alert)|"
    r"unzustellbar|nicht zugestellt|nicht zustellbar|zustell(?:ung|fehler)|"
    r"r[üu]ckl[äa]ufer|fehler bei der|"
    r"non (?:remis|distribu|d[ée]livr|recapit|consegn)|[ée]chec (?:de|d')|"
    r"impossible de (?:remettre|distribuer)|notification d'[ée]tat|"
    r"retour (?:de )?(?:courrier|mail)|no (?:se )?(?:pud|ha|fue|se puede|entreg)|"
    r"error (?:de|en la|al) (?:entrega|env)|devuelto|imposible entregar|"
    r"mensaje (?:no|devuelto|rechazado)|n[aã]o (?:foi )?(?:entreg|p[oô]de|enviad)|"
    r"falha (?:na|de|no)|erro (?:na|de|no) (?:entrega|envio)|devolvid|"
    r"mancat[ao] (?:recapito|consegna)|impossibile (?:recapitare|consegnare)|errore (?:di|"
    r"nella) (?:consegna|recapito)|mancata|"
    r"niet (?:bezorgd|afgeleverd|besteld)|onbestelbaar|onbezorgbaar|nie ?dostarczono|"
    r"niedor[ęe]czon|nie mo[żz]na dostarczy|niedostarcz|zwrot|"
    r"недоставлен|не доставлен|не удалось доставить|ошибка доставки|невозможно доставить|"
    r"уведомление о (?:доставке|состоянии)|не может быть доставлен|"
    r"nedoru[čc]|doru[čc]en[ií]|kan inte levereras|ej levererad|kunne ikke leveres|"
    r"kan ikke leveres|ikke levert|ikke leveret|ei voitu|toimitus|"
    r"k[ée]zbes[íi]t|iletilemedi|teslim edilemedi|ανεπίδοτο|nelivrat|"
    r"退信|退回|投递失败|无法投递|無法傳遞|未送达|未传递|系统退信|配信(?:エラー|"
    r"不能|失敗|できま|不可)|配達(?:できま|不能|エラー)|送信(?:エラー|"
    r"できま|失敗)|届(?:け|か)|不達|"
    r"返送|未達|エラーメール|반송|배달 ?(?:실패|되지|불가)|전송 ?실패|발송 ?실패|수신 ?실패",
    re.IGNORECASE,
)
_SAYS = re.compile(
    r"(?:could|can|was|were|has|have|is|did|will|be)(?: ?not|n't|"
    r"n\u2019t)[ \n]+(?:yet )?(?:be(?:en)? )?(?:able to )?"
    r"(?:deliver|reach|sen[dt]|accept|process|transmit|relay)|unable to deliver|"
    r"failed to deliver|delivery[^.\n]{0,60}(?:fail|unsuccess|not)|undeliverable|"
    r"permanent (?:error|failure|fatal)|fatal error|the following address|"
    r"following recipient|these recipients|failed permanently|"
    r"returned (?:to (?:you|sender)|mail|message|below|because)|i'm sorry to have to inform|"
    r"i'm afraid i|giv(?:ing|en) up|bounced|"
    r"user unknown|no such user|unknown user|mailbox (?:is )?(?:full|unavailable|"
    r"not found)|did not reach|wasn't delivered|"
    r"(?:^|\n)[^\n]{0,80}\b[45]\d\d[ -][45]\.\d\.\d|message (?:that )?you sent|"
    r"still being retried|will (?:continue|keep)|will be retried|"
    r"nicht (?:zugestellt|zustellbar|erreich|ausgeliefert)|konnte[^.\n]{0,80}nicht|"
    r"n'a (?:pas )?pu|pas [êe]tre (?:remis|d[ée]livr|distribu)|"
    r"no (?:se )?(?:pudo|ha podido|puede|fue posible)|n[aã]o (?:p[oô]de|foi poss|"
    r"foi entregue)|non (?:[èe] stato possibile|pu[òo] essere|recapit|consegn)|"
    r"kon niet|niet worden (?:bezorgd|afgeleverd)|nie (?:mo[żz]e|zosta[łl]|uda[łl]o)|"
    r"не (?:удалось|может быть|был[ао]? доставлен|доставлен)|"
    r"无法|未能|失败|不能投递|退回|被退|配信できま|届けることができ|"
    r"送信できま|お届けでき|送達|エラー|배달|전송되지|전달되지|발송",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"still being retried|warning message only|delivery status notification \(delay|"
    r"will (?:be|continue|keep) (?:to )?(?:retr|be retr|try|attempt)|"
    r"has not yet been (?:successfully )?delivered|not (?:yet )?been delivered yet|"
    r"not yet been delivered|delayed (?:mail|message|\d|for|by)|(?:delivery|message|"
    r"mail)[^.\n]{0,40} (?:is |was |has been |been )?delayed|"
    r"do not need to resend|no need to resend|not necessary to resend|"
    r"no action is required on your part|will (?:retry|try again)|transient (?:non-fatal|"
    r"failure)|"
    r"delivery attempts? will continue|warning: (?:could not send|message)|verz[öo]gert|"
    r"retard[ée]|retrasad|atrasad|ritard|vertraagd|op[óo][źz]ni|задерж|遅延|延迟|지연",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"(?:has|have) failed|failed permanently|permanent (?:error|failure|fatal)|giving up|"
    r"given up|(?<!will be )returned to (?:you|sender)|"
    r"could not be delivered for|been (?:cancell?ed|"
    r"removed|bounced)",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^[ \t>]*(?:-{2,}|={3,}|_{3,}|\*{3,}|#{3,}|~{3,})?[ \t]*(?:"
    r"(?:(?:the )?(?:header|text|body|copy|start|beginning|first|"
    r"content)s?[^\n]{0,30} (?:of )?(?:the |your |this )?(?:original|returned|undeliver|"
    r"unsent|message|mail|e-?mail)[^\n]{0,60})"
    r"|(?:this is (?:a|the) copy[^\n]*)|below (?:this line )?is (?:a|the) copy[^\n]*"
    r"|(?:your |the |begin )?(?:original|returned|unsent|undelivered|bounced|failed|"
    r"rejected) (?:message|mail|e-?mail|header)[^\n]{0,40}"
    r"|message (?:header|text|body|contents?|follows)[^\n]{0,40}|"
    r"original(?:nachricht)?[^\n]{0,10}message[^\n]*|(?:original|message)-header[^\n]*"
    r"|urspr[üu]ngliche nachricht[^\n]*|originalnachricht[^\n]*|message d'origine[^\n]*|"
    r"mensaje original[^\n]*|mensagem original[^\n]*|messaggio originale[^\n]*|"
    r"(?:以下|原始|元の|原邮件|オリジナル)[^\n]{0,30}"
    r")[ \t:.]*(?:-{2,}|={3,}|_{3,}|\*{3,}|#{3,}|~{3,})?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_OWN_LINE = re.compile(
    r"^[ \t>*\u2022-]*(?:(?:unknown |invalid |failed |bad )?(?:recipient|to|rcpt to|address|"
    r"user|e-?mail|mailbox|final-recipient|empf[äa]nger|an|destinataire|destinatario|para|kein|宛先|"
    r"收件人)[^:\n]{0,20}:[ \t]*)?(?:rfc822;)?[<\"'(\[]{0,2}"
    r"([^\s<>()\"',;:\[\]]{1,100}@[\w.-]{1,200})[>\"')\]]{0,2}(?:[ \t]*$|[ \t]*[:.,;(]|"
    r" on | - |[ \t]+\S)",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_RECIPIENT = re.compile(
    r"^(?:mailer-?daemon|postmaster|abuse|support|helpdesk|help|hostmaster|admin|administrator"
    r"|webmaster|noreply|no-reply|unblock|delist|removals?)@",
    re.IGNORECASE,
)
_TALK = re.compile(r"^[^\n]*\b[45][0-5]\d[ -][^\n]+(?:\n[ \t]+[^\n]+){0,5}", re.MULTILINE)
_REASON = re.compile(r"^[ \t]*\((?:reason|raison|grund): ([^\n]{3,900})\)[ \t]*$", re.MULTILINE)
# What servers repeat of a mail to say which one they mean.
_SUMMARY = re.compile(
    r"^[ \t]*(?:to|an|à|para|destinatario|kein|aan|till|til|do|宛先|subject|"
    r"betreff|objet|asunto|assunto|oggetto|onderwerp):[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED = re.compile(r"^[ \t]*>[^\n]*$", re.MULTILINE)
_SENT_BY = re.compile(
    r"\b(?:messages?|e?-?mails?|sent) (?:was )?(?:sent )?(?:from|by)\s"
    r"<?([^\s<>,;:]{1,99}@[\w.-]{1,99})",
    re.IGNORECASE,
)
_IS_REPLY = re.compile(
    r"\s*(?:re|aw|sv|antw|ref|fwd?|wg|tr|rv|enc|odp)\s*(?:\[\d+\])?:", re.IGNORECASE
)


def explanation(mail: Part) -> str:
    """Give what the server says of itself, without the copy of the returned mail."""
    text = _own_text(mail)
    end = _copy_at(text)
    before = text[: min(end, _MOST)] if end >= 0 else text[:_MOST]
    # A summary of headers may stand before the words that matter.
    return before if end < 0 or _tells(before) else text[:_MOST]


def _own_text(mail: Part) -> str:
    told = [_told(part) for part in _own_parts(mail)]
    return "\n".join(each for each in told if each.strip())[: _MOST * 2]


def _copy_at(text: str) -> int:
    """Say where the returned mail begins: at its headers, else at a line that announces it."""
    headers = copy_at(text)
    if headers >= 0:
        return headers
    marks = (match.start() for match in _COPY.finditer(text))
    return next((start for start in marks if text[:start].strip()), -1)


def _tells(words: str) -> bool:
    return bool(addresses(words)) or _names_code(words) or cause(plain(words)) is not None


def is_non_delivery(mail: Part, told: str) -> bool:
    """Tell whether a mail without a report says that a mail was not delivered."""
    if mail.header("x-failed-recipients"):
        return True
    subject, sender = mail.header("subject"), mail.header("from")
    if _IS_REPLY.match(subject):
        if not (_SURE_SENDERS.search(sender) or _POSTMASTER.search(sender)):
            return False
        told = _QUOTED.sub("", told)
    null = mail.header("return-path").replace(" ", "") == "<>"
    nobody = sender.strip().endswith("<>")
    returned = _copy_at(_own_text(mail)) >= 0 or any(
        part.kind in ("message/rfc822", "text/rfc822-headers") for part in mail.walk()[1:]
    )
    says = _SAYS.search(told) or cause(plain(told)) in (HARD, SOFT)
    words = 2 * bool(_SUBJECTS.search(subject)) + 2 * bool(says)
    signs = 2 if _SURE_SENDERS.search(sender) else bool(_SENDERS.search(sender))
    signs += null + nobody + returned + _names_code(told)
    # People, too, write that something was not delivered; machines name the address.
    return words + signs >= 4 and bool(signs or failed_recipients(mail, told, None))


def is_delay(mail: Part, told: str) -> bool:
    """Tell whether the server is still trying."""
    subject = mail.header("subject")
    words = f"{subject}\n{told}"
    return bool(_DELAYED.search(words)) and not _OVER.search(words)


def failed_recipients(mail: Part, told: str, head: Part | None) -> list[str]:
    """Give whom a mail without a report is about; best told first."""
    stated = addresses(" ".join(mail.all_of("x-failed-recipients")))
    if stated:
        return stated
    wrong = {address(mail.header(name)).lower() for name in ("from", "to", "reply-to")}
    if head is not None:
        wrong.add(address(head.header("from")).lower())
        wrong -= {each.lower() for each in addresses(" ".join(head.all_of("to")))}
    known = [each for each in sent_to(head) if each.lower() not in wrong]
    wrong |= {each.lower() for each in _SENT_BY.findall(told)} - {"", *map(str.lower, known)}
    for words in (_SUMMARY.sub("", told), told):
        found = _named(words, known, wrong - {""})
        if found:
            return found
    return known[:1]


def _named(words: str, known: list[str], wrong: set[str]) -> list[str]:
    """Give the addresses that words are about: those known, on a line of their own, the first."""
    told = addresses(words)
    anywhere = [each for each in told if _may_be(each, wrong)]
    small = {each.lower() for each in told}
    both = [each for each in known if each.lower() in small]
    if not both:
        both = [each for each in known if _stands_alone(each.partition("@")[0], words)]
        if both:
            return both[:1]
    alone = [each.rstrip(".") for each in _OWN_LINE.findall(words)]
    own = list(dict.fromkeys([*both, *(each for each in alone if _may_be(each, wrong))]))
    return own or anywhere[:1]


def _stands_alone(name: str, words: str) -> bool:
    """Tell whether a line is about a mailbox without naming its domain."""
    line = rf"^[^\w\n]*{re.escape(name)}(?:[^\w\n]*$|[ \t]{{2,}}|[ \t]*[\"(:])"
    return len(name) > 2 and bool(re.search(line, words, re.IGNORECASE | re.MULTILINE))


def diagnostic_for(recipient: str, told: str, others: Sequence[str] = ()) -> str:
    """Give the words that go with a recipient: a server's own line, else what stands below."""
    small = told.lower()
    at = small.find(recipient.lower()) if recipient else -1
    at = small.rfind("\n", 0, at) + 1 if at >= 0 else at
    line = at
    if small[max(at, 0) :].lstrip().startswith(("(expanded from", "(generated from")):
        at = small.rfind("\n\n", 0, at) + 1
    after = told[at : at + 1200] if at >= 0 else told
    starts = [small.find(other.lower()) for other in others if other and other != recipient]
    nearest = [start - at for start in starts if 0 <= line < start]
    after = after[: min(nearest)] if nearest else after
    for words in (after,) if nearest or others[1:] else (after, told):
        reason = _REASON.search(words)
        if reason:
            return " ".join(reason[1].split())[:1000]
        talk = [" ".join(match[0].split()) for match in _TALK.finditer(words)]
        if talk:
            return max(talk[-3:], key=_telling)[:1000]
    return " ".join(after.split())[:1000]


def _telling(line: str) -> int:
    """Weigh a server's line: one with a status in it and many words says most."""
    return 1000 * bool(re.search(r"[45]\.\d{1,3}\.\d{1,3}", line)) + min(len(line), 300)


def _names_code(told: str) -> bool:
    return bool(
        re.search(r"\b5\d\d[ -]{1,3}(?:5\.\d|[A-Za-z#<])|\b5\.\d\.\d\b|#5\.\d", told[:_MOST])
    )


def _may_be(found: str, wrong: set[str]) -> bool:
    return found.lower() not in wrong and not _NOT_RECIPIENT.match(found)


def _own_parts(mail: Part) -> list[Part]:
    """Give the leaves that the server wrote; what is inside the returned mail is not asked."""
    found, waiting = [], [mail]
    while waiting:
        part = waiting.pop(0)
        if part.kind.startswith("multipart/") and part.parts:
            waiting = [*part.parts, *waiting]
        elif (
            part.kind.startswith("text/") and part.kind != "text/rfc822-headers"
        ) or part.kind.startswith("multipart/"):
            found.append(part)
    plain = [part for part in found if part.kind != "text/html"]
    return plain if any(part.text.strip() for part in plain) else found


def _told(part: Part) -> str:
    return from_html(part.text) if part.kind == "text/html" else part.text
