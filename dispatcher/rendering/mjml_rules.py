"""What MJML itself lets pass in silence: unknown and misplaced tags, stray text, unsafe links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from dispatcher.rendering.expressions import nearest
from dispatcher.rendering.tags import Fault, line_of

MAX_DEPTH = 40

_CONTENT = frozenset(
    {"mj-button", "mj-divider", "mj-image", "mj-navbar", "mj-raw", "mj-social", "mj-spacer"}
    | {"mj-table", "mj-text"}
)
_CHILDREN: dict[str, frozenset[str]] = {
    "": frozenset({"mjml"}),
    "mjml": frozenset({"mj-head", "mj-body"}),
    "mj-head": frozenset(
        {"mj-attributes", "mj-breakpoint", "mj-preview", "mj-raw", "mj-style", "mj-title"}
    ),
    "mj-body": frozenset({"mj-hero", "mj-raw", "mj-section", "mj-wrapper"}),
    "mj-wrapper": frozenset({"mj-hero", "mj-raw", "mj-section"}),
    "mj-section": frozenset({"mj-column", "mj-group", "mj-raw"}),
    "mj-group": frozenset({"mj-column", "mj-raw"}),
    "mj-column": _CONTENT,
    "mj-hero": _CONTENT,
    "mj-social": frozenset({"mj-social-element"}),
    "mj-navbar": frozenset({"mj-navbar-link"}),
}
_DEFAULTS = _CONTENT | {"mj-all", "mj-class", "mj-body", "mj-column", "mj-section", "mj-wrapper"}
_KNOWN = frozenset().union(*_CHILDREN.values()) | _DEFAULTS
_STRUCTURE = frozenset(_CHILDREN) - {"mj-social", "mj-navbar"}
_ATTRIBUTE_NAMES = (
    "align alt background-color background-height background-position background-repeat "
    "background-size background-url background-width base-url border border-bottom border-color "
    "border-left border-radius border-right border-style border-top border-width "
    "cellpadding cellspacing color container-background-color css-class dir direction "
    "fluid-on-mobile font-family font-size font-style font-weight full-width hamburger height href "
    "icon-color icon-height icon-padding icon-position icon-size inline inner-background-color "
    "inner-border inner-padding lang letter-spacing line-height mj-class mode name owa padding "
    "padding-bottom padding-left padding-right padding-top rel role sizes src srcset table-layout "
    "target text-align text-decoration text-padding text-transform title usemap vertical-align "
    "width"
)
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
_NEVER = frozenset({"script", "iframe", "object", "embed", "form", "input", "mj-include", "base"})
_VOID = frozenset({"area", "br", "col", "hr", "img", "link", "meta", "wbr"})
_TAG = re.compile(
    r"<!--.*?-->|<(?P<close>/)?(?P<name>[A-Za-z][\w:-]*)"
    r"(?P<attributes>(?:\"[^\"]*\"|'[^']*'|[^'\"<>])*?)(?P<self>/)?>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)")
# The number of a hidden tag stands for it while MJML is at work, so that quotes, brackets and
# ampersands inside the tag mean nothing to MJML.
HIDDEN = re.compile(r"@tag(\d+)@")
_SAFE_LINK = re.compile(r"(?:https?://|mailto:|tel:|sms:|#)", re.IGNORECASE)
_LINK_TAG = re.compile(r"\{\{-?\s*(?:\w+\.)?(?:\w+_)?url\s*(?:\|\s*\w+\s*)?-?\}\}\Z")


def hidden(number: int) -> str:
    """Give what stands for a tag while it is hidden."""
    return f"@tag{number}@"


class _Open(NamedTuple):
    name: str
    line: int


def lint(veiled: str, sources: list[str]) -> list[Fault]:
    """List what is wrong with MJML whose tags are hidden behind numbers of `sources`."""
    return list(_Linter(veiled, sources).faults())


class _Linter:
    def __init__(self, text: str, sources: list[str]) -> None:
        self.text = text
        self.sources = sources
        self.open: list[_Open] = []
        self.line = 1

    def faults(self) -> Iterator[Fault]:
        at = 0
        for found in _TAG.finditer(self.text):
            yield from self.stray(at, found.start())
            at = found.end()
            self.line = line_of(self.text, found.start())
            if found["name"]:
                yield from self.tag(found)
            if len(self.open) > MAX_DEPTH:
                yield self.fault(f"Tags are nested more than {MAX_DEPTH} deep.")
                return
        yield from self.stray(at, len(self.text))
        for left in reversed(self.open):
            yield Fault(left.line, f"<{left.name}> is never closed.")

    def fault(self, text: str) -> Fault:
        return Fault(self.line, text)

    def tag(self, found: re.Match[str]) -> Iterator[Fault]:
        name = found["name"].lower()
        if found["close"]:
            yield from self.close(name)
            return
        yield from self.placed(name)
        yield from self.attributes(name, found["attributes"])
        if not found["self"] and name not in _VOID:
            self.open.append(_Open(name, self.line))

    def close(self, name: str) -> Iterator[Fault]:
        if not self.open or self.open[-1].name != name:
            expected = f"</{self.open[-1].name}>" if self.open else "nothing"
            yield self.fault(f"</{name}> closes nothing here; {expected} is open.")
            # Go on from the tag that was meant, if there is one, so that one slip is one fault.
            while self.open and any(left.name == name for left in self.open):
                if self.open.pop().name == name:
                    break
        else:
            self.open.pop()

    def placed(self, name: str) -> Iterator[Fault]:
        parent = self.open[-1].name if self.open else ""
        if name in _NEVER:
            yield self.fault(f"<{name}> has no place in a mail.")
        elif name.startswith("mj") and name not in _KNOWN:
            yield self.fault(f"There is no <{name}> in MJML{nearest(name, _KNOWN)}.")
        elif parent == "mj-attributes":
            if name not in _DEFAULTS:
                yield self.fault(f"<{name}> cannot have defaults in <mj-attributes>.")
        elif parent in _CHILDREN and name not in _CHILDREN[parent]:
            inside = f"inside <{parent}>" if parent else "at the top"
            fits = ", ".join(sorted(_CHILDREN[parent]))
            yield self.fault(f"<{name}> cannot stand {inside}; what fits: {fits}.")
        elif name.startswith("mj-") and parent not in _CHILDREN:
            yield self.fault(f"<{name}> cannot stand inside <{parent}>.")

    def attributes(self, name: str, text: str) -> Iterator[Fault]:
        for attribute, quoted in _ATTRIBUTE.findall(text):
            value = quoted.strip("\"'")
            if name.startswith("mj") and attribute not in _ATTRIBUTES:
                near = nearest(attribute, _ATTRIBUTES)
                yield self.fault(f"<{name}> has no attribute {attribute!r}{near}.")
            elif attribute.lower().startswith("on"):
                yield self.fault(f"{attribute!r} would run a script; mails run none.")
            elif attribute.lower() in {"href", "src", "background-url"}:
                yield from self.link(value)
            elif attribute.lower() == "style" and HIDDEN.search(value):
                yield self.fault("A style holds a tag: values cannot go there safely.")

    def link(self, value: str) -> Iterator[Fault]:
        begins = HIDDEN.match(value)
        if begins:
            source = self.sources[int(begins[1])]
            if not _LINK_TAG.match(source):
                yield self.fault(f"A link begins with {source}; only values named ...url may.")
        elif not _SAFE_LINK.match(value):
            yield self.fault(f"The link {value!r} does not begin with https://, mailto: or tel:.")

    def stray(self, start: int, end: int) -> Iterator[Fault]:
        """Look at the text between two tags: no bare <, and no words between components."""
        text = self.text[start:end]
        bare = text.find("<")
        if bare >= 0:
            line = line_of(self.text, start + bare)
            yield Fault(line, "A < begins no tag here; write &lt; for the sign.")
        parent = self.open[-1].name if self.open else ""
        if parent not in _STRUCTURE:
            return
        words = HIDDEN.sub(self.block, text).strip()
        if words:
            line = line_of(self.text, start + len(text) - len(text.lstrip()))
            yield Fault(line, f"{words[:40]!r} stands outside of mj-text.")

    def block(self, found: re.Match[str]) -> str:
        """Leave out tags that choose between components; show those that print."""
        source = self.sources[int(found[1])]
        return "" if source.startswith("{%") else source
