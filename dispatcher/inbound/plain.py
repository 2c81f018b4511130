"""HTML as lines of plain text, with `> ` before what stands in a quotation."""

from __future__ import annotations

import html
import re

QUOTE_BELOW = "\N{SYMBOL FOR END OF TRANSMISSION BLOCK}"  # from here on a mail program quotes
_TAG = re.compile(r"\s*(/?)\s*([a-zA-Z][a-zA-Z0-9]{0,14})")
_SILENT = frozenset({"style", "script", "head", "title"})
_LINES = frozenset(
    {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "hr", "pre", "body"}
)
_QUOTING = re.compile(
    r"gmail_quote|gmail_attr|gmail_extra|divrplyfwdmsg|appendonsend|yahoo_quoted|moz-cite-prefix"
    r"|olk_src_body|outlookmessageheader|protonmail_quote|zmail_extra|quotedmessage|replyforward"
    r"|mail-editor-reference|ms-outlook-mobile-reference|tutanota_quote|wordsection_quote"
    r"|isforwardcontent|foxmail_quote|ntes_quote|x_gmail_quote"
)


def from_html(source: str) -> str:
    """Give the text of a page; linear in its length, whatever it holds."""
    out: list[str] = []
    depth, silent, comment = 0, "", False
    for number, piece in enumerate(source.split("<")):
        if number == 0:
            out.append(_shown(piece))
            continue
        if comment or piece.startswith("!--"):
            comment = "-->" not in piece
            rest = piece.partition("-->")[2]
            out.append("" if comment or silent else _shown(rest))
            continue
        tag, _, rest = piece.partition(">")
        closing, name = _name(tag)
        if silent:
            silent = "" if closing and name == silent else silent
            if silent:
                continue
        elif name in _SILENT and not closing:
            silent = name
            continue
        if name == "blockquote":
            depth = max(0, depth + (-1 if closing else 1))
        out.append(_breaks(name, tag, depth, closing=closing))
        out.append(_shown(rest))
    return "".join(out)


def _name(tag: str) -> tuple[bool, str]:
    found = _TAG.match(tag)
    return (bool(found[1]), found[2].lower()) if found else (False, "")


def _breaks(name: str, tag: str, depth: int, *, closing: bool) -> str:
    """Give the line break that a tag stands for, marked when a quotation goes on after it."""
    if not closing and name in ("div", "blockquote", "span", "table") and _quotes(tag):
        return f"\n{QUOTE_BELOW}\n"
    if name in _LINES or name == "blockquote":
        return "\n" + "> " * min(depth, 3)
    return " " if name == "td" else ""


def _quotes(tag: str) -> bool:
    return bool(_QUOTING.search(tag[:400].lower()))


def _shown(text: str) -> str:
    """Give text as it is seen: line breaks of the source are spaces."""
    return re.sub(r"[ \t\r\n\xa0]+", " ", html.unescape(text))
