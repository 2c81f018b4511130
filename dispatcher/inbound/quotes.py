"""What a person wrote themselves: a reply without the mail it answers and without signature."""

from __future__ import annotations

import re

from dispatcher.inbound.mime import Part
from dispatcher.inbound.plain import QUOTE_BELOW, from_html

_MOST_LINES = 2000
_QUOTED = re.compile(r"^[ \t]*(?:>|\|[ \t]|&gt;)")
_RULE = re.compile(
    r"^[ \t>]*[-_=*\u2013\u2014]{2,}[ \t]*(?:(?:begin )?(?:original|forwarded|reply|"
    r"previous)[ -]?(?:message|mail|e-?mail|appointment)?[^\n]{0,40}?"
    r"|urspr[üu]ngliche nachricht|original-?nachricht|(?:weitergeleitete|"
    r"vorherige) nachricht|message (?:d'origine|original|transf[ée]r[ée]|initial|"
    r"pr[ée]c[ée]dent)"
    r"|mensaje (?:original|reenviado|anterior)|mensagem (?:original|encaminhada|anterior)|"
    r"messaggio (?:originale|inoltrato|precedente)|(?:oorspronkelijk|doorgestuurd) bericht"
    r"|ursprungligt meddelande|originalmeddelande|oprindelig (?:meddelelse|besked)|"
    r"opprinnelig melding|alkuper[äa]inen viesti|(?:wiadomo[śs][ćc] oryginalna|"
    r"oryginalna wiadomo[śs][ćc])"
    r"|(?:исходное|оригинальное|пересылаемое|пересланное) (?:сообщение|письмо)|"
    r"p[ůu]vodn[íi] (?:zpr[áa]va|e-?mail)|eredeti [üu]zenet|(?:özgün|orijinal|"
    r"[ıi]letilen) (?:ileti|mesaj)|mesaj original"
    r"|原始邮件|原始郵件|转发邮件|原邮件|元のメッセージ|転送メッセージ|"
    r"원본 ?메[일시]지?|원본 메일|الرسالة الأصلية|הודעה מקורית|"
    r"αρχικό μήνυμα)[ \t]*[-_=*\u2013\u2014]{2,}[ \t]*$",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"^[ \t>*]*(?:from|von|de|da|van|fr[åa]n|fra|od|l[äa]hett[äa]j[äa]|от|від|felad[óo]|"
    r"kimden|g[öo]nderen|από|exp[ée]diteur|发件人|发件者|"
    r"寄件者|寄件人|差出人|보낸 ?사람|보낸사람|מאת|من|ผู้ส่ง|"
    r"từ)\*?[ \t]*[:：]\*?",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"^[ \t>*]*(?:sent|date|to|cc|subject|reply-to|gesendet|datum|an|betreff|kopie|"
    r"envoy[ée]|[àa]|objet|date|enviado(?: el| em)?|fecha|para|asunto|data|assunto|inviato|"
    r"a|oggetto|verzonden|aan|onderwerp"
    r"|skickat|till|[äa]mne|sendt|til|emne|l[äa]hetetty|vastaanottaja|aihe|wys[łl]ano|do|"
    r"temat|отправлено|дата|кому|тема|odesl[áa]no|komu|p[řr]edm[ěe]t|elk[üu]ldve|"
    r"c[íi]mzett|t[áa]rgy|g[öo]nderildi|kime|konu"
    r"|στάλθηκε|προς|θέμα|发送时间|发送日期|收件人|主题|日期|抄送|"
    r"傳送時間|寄件日期|收件者|主旨|送信日時|宛先|件名|日時|보낸 ?날짜|"
    r"받는 ?사람|제목|날짜|נשלח|אל|נושא|التاريخ|إلى|الموضوع)\*?[ \t]*[:：]",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r"(?:wrote|writes|schrieb|schreibt|geschrieben|a [ée]crit|escribi[óo]|escreveu|"
    r"ha scritto|scrisse|schreef|skrev|kirjoitti|napisa[łl](?:\(a\)|a)?|pisze|napsal(?:a|"
    r"\(a\))?|p[íi][šs]e|[ií]rta|a scris|написа[лв](?:\(а\)|а)?|пишет|yazd[ıi]|έγραψε|"
    r"写道|寫道|写到|のメール|書きました|さん(?:は|が)|"
    r"님이 작성|작성:|כתב[/הת]*|كتب|viết|menulis|เขียน|"
    r"said)[^:：\n]{0,60}[:：]?[ \t]*$",
    re.IGNORECASE,
)
_ENDS_IN_COLON = re.compile(r"[:：][ \t]*$")
_ADDRESS_AND_COLON = re.compile(r"[^\s<>@]{1,100}@[^\s<>@]{1,200}[>)\]]?[^@:：]{0,40}[:：][ \t]*$")
_DIGIT_OR_ADDRESS = re.compile(r"\d|@")
_DEVICE = re.compile(
    r"^[ \t]*(?:sent (?:from|via|with|using)|get outlook for|von meinem|gesendet (?:von|"
    r"mit|aus)|diese nachricht wurde von meinem|envoy[ée] (?:de(?:puis)?|[àa] partir|"
    r"avec) |t[ée]l[ée]chargez outlook|enviado (?:desde|do|de|a partir|via|pelo)|"
    r"obtener outlook|obter o? ?outlook|"
    r"inviato (?:da|dal)|scarica outlook|verzonden (?:vanaf|met|via)|verstuurd vanaf|"
    r"skickat fr[åa]n|sendt fra|l[äa]hetetty |wys[łl]ane? (?:z|ze)|отправлено (?:с|из)|"
    r"odesl[áa]no z|iphone['’]?(?:umdan|dan| から送信)|"
    r"发自我的|從我的|发自|iphoneから送信|나의 |내 |"
    r"outlook für|yahoo mail|envoy[ée] avec|mobile|blackberry|virus-?free|virenfrei|"
    r"sans virus)[^\n]{0,100}$",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"^(?:--|__|—|–{1,2}|-- )[ \t]*$")
_LONG_RULE = re.compile(r"^[ \t]*[_*=-]{10,}[ \t]*$")
_CLOSING = re.compile(
    r"^[ \t]*(?:(?:kind|best|warm|with (?:kind|best)|many)? ?(?:regards|wishes|thanks)|"
    r"best|cheers|sincerely|yours(?: \w+)?|respectfully|thank you|mit (?:freundlichen|"
    r"besten|lieben|herzlichen) gr[üu][ßs]+en|(?:viele|liebe|beste|freundliche|sch[öo]ne|"
    r"herzliche) gr[üu][ßs]+e?|mfg|lg|vg|gru[ßs]|"
    r"(?:bien )?cordialement|bien [àa] vous|cdlt|meilleures salutations|salutations|"
    r"saludos(?: cordiales)?|un saludo|atentamente|cordiali saluti|distinti saluti|saluti|"
    r"atenciosamente|cumprimentos|met vriendelijke groet(?:en)?|groet(?:en|jes)?|"
    r"(?:v[äa]nliga|med v[äa]nlig[ae]?|med venlig|med vennlig|vennlig|"
    r"venlig) (?:h[äa]lsningar?|hilsen)|yst[äa]v[äa]llisin terveisin|pozdrawiam|"
    r"z powa[żz]aniem|с уважением|s pozdravem|[üu]dv[öo]zlettel|sayg[ıi]lar[ıi]mla|敬具|"
    r"よろしくお願い(?:いた)?します。?|此致)[ \t]*[,.!]*[ \t]*$",
    re.IGNORECASE,
)

# How programs begin the subject of an answer: what follows is not the writer's own.
_ANSWERS = re.compile(
    r"^\s*(?:re|aw|antw|antwort|sv|vs|r|rif|res|resp|odp|ynt|yan|vá|bls|απ|回复|回覆|答复|返信|"
    r"رد|תגובה|fwd?|wg|tr|rv|enc|i|doorst|pd|转发|轉寄)\s*(?:\[\d+\]|\(\d+\))?\s*[:：]",
    re.IGNORECASE,
)


def own_subject(subject: str) -> str:
    """Give a subject that the sender wrote; nothing of one that comes with the mail it answers."""
    return "" if _ANSWERS.match(subject) else subject.strip()


def own_words(mail: Part) -> str:
    """Give what the sender wrote; nothing when all of it is quoted."""
    return cut(_text(mail))


def cut(text: str) -> str:
    """Leave out of a text what it quotes, and the signature."""
    lines = [line.replace("\xa0", " ").rstrip() for line in text.splitlines()[:_MOST_LINES]]
    own: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if QUOTE_BELOW in line or _is_border(lines, at):
            break
        skip = _attribution(lines, at)
        if skip:
            if not _quotes_follow(lines, at + skip):
                break
            at += skip
            continue
        if not _QUOTED.match(line) and not _DEVICE.match(line):
            own.append(line)
        at += 1
    return _without_signature(own)


def _text(mail: Part) -> str:
    """Give the text of a mail, made of its HTML where there is nothing else."""
    leaves = [part for part in mail.walk()[:50] if not part.parts and not _is_attached(part)]
    plain = [part.text for part in leaves if part.kind == "text/plain" and part.text.strip()]
    if plain:
        return plain[0]
    page = next((part.text for part in leaves if part.kind == "text/html"), "")
    return from_html(page)


def _is_attached(part: Part) -> bool:
    return part.header("content-disposition").strip().lower().startswith("attachment")


def _is_border(lines: list[str], at: int) -> bool:
    """Tell whether everything below a line is the mail that is answered."""
    line = lines[at]
    if _RULE.match(line):
        return True
    if not _FROM.match(line) and not _LONG_RULE.match(line):
        return False
    below = [each for each in lines[at + 1 : at + 10] if each.strip()][:6]
    heads = sum(bool(_HEAD.match(each) or _FROM.match(each)) for each in below)
    return heads >= 2


def _attribution(lines: list[str], at: int) -> int:
    """Count the lines of an "On Monday Anna wrote:" that begins here; 0 when none does."""
    if not lines[at].strip() or _QUOTED.match(lines[at]):
        return 0
    for count in (1, 2, 3, 4):
        some = lines[at : at + count]
        if len(some) < count or not some[-1].strip() or (count > 1 and _QUOTED.match(some[-1])):
            return 0
        joined = " ".join(line.strip() for line in some)
        if len(joined) > 500:
            return 0
        if _tells_who(joined) and (
            _ENDS_IN_COLON.search(joined) or _quotes_follow(lines, at + count)
        ):
            return count
    return 0


def _tells_who(joined: str) -> bool:
    """Tell whether a line names a time or an address and says that somebody wrote."""
    if not _DIGIT_OR_ADDRESS.search(joined):
        return False
    dated = joined[:1].isalnum() or joined[:1] in "\"'<"
    named = bool(_ADDRESS_AND_COLON.search(joined)) and bool(re.search(r"\d", joined))
    return (dated and named) or bool(_WROTE.search(joined))


def _quotes_follow(lines: list[str], at: int) -> bool:
    below = next((line for line in lines[at : at + 4] if line.strip()), "")
    return bool(_QUOTED.match(below))


def _without_signature(lines: list[str]) -> str:
    said = False
    for at, line in enumerate(lines):
        if said and (_SIGNATURE.match(line) or _CLOSING.match(line)):
            lines = lines[:at]
            break
        said = said or bool(line.strip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
