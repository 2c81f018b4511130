"""From MJML to the HTML of a mail: once per template, with every tag kept as it was written."""

from __future__ import annotations

import re

from mjml import mjml2html

from dispatcher.rendering.mjml_rules import HIDDEN, hidden, lint
from dispatcher.rendering.tags import Fault, line_of, tags

LINE = 400

# MJML writes attributes as Rust prints strings for debugging: a no-break space becomes \\u{a0}.
_RUST = re.compile(r"\\u\{([0-9a-f]{1,6})\}")
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_TAG_SPACE = re.compile(r"(<[a-z][a-z0-9]*|\") (?=[a-z][a-z-]*(?:=| |>))")
_REASON = re.compile(r"(?P<what>.*?)(?: in root template)?(?: at position (?P<at>\d+):\d+)?\Z")


class BrokenMjmlError(Exception):
    """The MJML of a mail cannot be used; carries the faults, at least one."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(fault.text for fault in faults))
        self.faults = faults


def to_html(text: str, language: str) -> str:
    """Give the HTML of a mail: pure ASCII, short lines, tags untouched; or BrokenMjmlError.

    The text must have passed the grammar. Characters beyond ASCII become references, so that the
    part can travel as 7bit.
    """
    veiled, sources = _hide(text)
    faults = lint(veiled, sources)
    if faults:
        raise BrokenMjmlError(faults)
    try:
        html = mjml2html(veiled, fonts={}, disable_comments=True)
    except ValueError as wrong:
        raise BrokenMjmlError([_where(veiled, str(wrong))]) from wrong
    _require_all(html, sources, text)
    _require_plain_styles(html)
    html = _RUST.sub(r"&#x\1;", html).replace(' lang="und"', f' lang="{language}"')
    html = _shorten(html.encode("ascii", "xmlcharrefreplace").decode("ascii"))
    html = html.replace("\n.", "\n .")  # style rules begin with dots, which SMTP would double
    return HIDDEN.sub(lambda found: sources[int(found[1])], html)


def _hide(text: str) -> tuple[str, list[str]]:
    """Replace each tag by its number, keeping the count of lines."""
    pieces: list[str] = []
    sources: list[str] = []
    at = 0
    for tag in tags(text):
        source = text[tag.start : tag.end]
        pieces += [text[at : tag.start]]
        if tag.opener != "{#":
            pieces += [hidden(len(sources))]
            sources.append(source)
        pieces += ["\n" * source.count("\n")]
        at = tag.end
    return "".join([*pieces, text[at:]]), sources


def _where(veiled: str, reason: str) -> Fault:
    found = _REASON.match(reason)
    what, at = (found["what"], found["at"]) if found else (reason, None)
    line = line_of(veiled, int(at)) if at else 1
    return Fault(line, f"MJML cannot read this: {what or reason}.")


def _require_all(html: str, sources: list[str], text: str) -> None:
    """Every tag must have come through, and blocks exactly once and in their order."""
    found = [int(number) for number in HIDDEN.findall(html)]
    blocks = [number for number in found if sources[number].startswith("{%")]
    written = [number for number, source in enumerate(sources) if source.startswith("{%")]
    lost = sorted(set(range(len(sources))) - set(found))
    if lost or blocks != written:
        number = lost[0] if lost else next(n for n in written if blocks.count(n) != 1)
        line = line_of(text, text.find(sources[number]))
        fault = f"{sources[number]} does not come through MJML here; put it into mj-text or mj-raw."
        raise BrokenMjmlError([Fault(line, fault)])


def _require_plain_styles(html: str) -> None:
    for style in _STYLE.findall(html):
        if HIDDEN.search(style):
            raise BrokenMjmlError([Fault(1, "A style holds a tag: values cannot go there safely.")])
        if not style.isascii():
            raise BrokenMjmlError([Fault(1, "A style holds a character beyond ASCII.")])


def _shorten(html: str) -> str:
    """Break long lines between the attributes of a tag, where a line end means a space."""
    return "\r\n".join(_broken(line) for line in html.splitlines())


def _broken(line: str) -> str:
    if len(line) <= LINE:
        return line
    pieces: list[str] = []
    start = 0
    for found in _TAG_SPACE.finditer(line):
        if found.end() - start > LINE // 2:
            pieces.append(line[start : found.end() - 1])
            start = found.end()
    return "\r\n".join([*pieces, line[start:]])
