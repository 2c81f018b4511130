"""The pages that people read, taken apart: blocks, spans, links and headings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<why>[^\n]+?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `why` says why it is not run, "" means that it is."""

    line: int
    language: str
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page; `name` is its path in the project."""

    name: str
    text: str

    @property
    def folder(self) -> Path:
        """Where its links begin."""
        return (ROOT / self.name).parent

    @property
    def blocks(self) -> list[Block]:
        """Its fenced blocks, in order."""
        return [
            Block(
                self.text.count("\n", 0, found.start("text")),
                found["language"],
                found["text"],
                found["why"] or "",
            )
            for found in _BLOCK.finditer(self.text)
        ]

    @property
    def runnable(self) -> list[Block]:
        """The blocks that a reader types into a shell, and a test as well."""
        return [each for each in self.blocks if each.language in ("sh", "console") and not each.why]

    @property
    def prose(self) -> str:
        """The page without its fenced blocks."""
        return _BLOCK.sub("", self.text)

    @property
    def spans(self) -> list[str]:
        """What is set as code within a sentence."""
        return _SPAN.findall(self.prose)

    @property
    def links(self) -> list[str]:
        """Where it leads, pictures included."""
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """What a link may name after #, as the usual places of publication make it."""
        heads = (_NOT_IN_ANCHORS.sub("", head.lower()) for head in _HEADING.findall(self.prose))
        return {head.strip().replace(" ", "-") for head in heads}

    @property
    def command_lines(self) -> list[str]:
        """Every command of ours that it tells people to type."""
        lines = [line.strip().removeprefix("$ ") for line in self.text.splitlines()]
        return [line for line in (*lines, *self.spans) if _OURS.match(line)]


_OURS = re.compile(r"(\S*/)?dispatcher [a-z]|\./dispatch [a-z]")


def page(path: Path) -> Page:
    """Read one page."""
    return Page(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))


PAGES = [page(path) for path in (*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md")))]
