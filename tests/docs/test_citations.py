"""Whatever a comment or a page points to can be opened by a stranger."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.pages import ROOT, page

FOLDERS = ("dispatcher", "workers", "migrations", "templates", "tests", "deploy", "docs")
KINDS = {".py", ".sql", ".toml", ".md", ".service", ".txt", ".mjml"}
FILES = [
    ROOT / "celeryconfig.py",
    ROOT / "dispatch",
    *sorted(ROOT.glob("*.md")),
    *(
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in KINDS
    ),
]
# Other people's sites have a docs/ as well.
_PAGE = re.compile(r"(?<!\.com/)\b(docs/[\w/-]+\.md)(?:#([\w-]+))?")
# Notes of the founders are not in the repository, nor are the numbers of their paragraphs.
_NOT_HERE = re.compile(
    r"R[U]LEBOOK|P[R]OTOCOL section|P[R]OTOCOL\.md|D[E]SIGN(?:\.md| section)"
    r"|\b(?:QH|FQ|CE|EM|PR|AC)-\d\d\b"
)


def _cited(file: Path) -> set[tuple[str, str]]:
    return {(found[1], found[2] or "") for found in _PAGE.finditer(file.read_text("utf-8"))}


def test_every_page_that_is_cited_is_there() -> None:
    """So is the heading, where one is named."""
    cited = {citation for file in FILES for citation in _cited(file)}
    assert len(cited) > 10
    for name, anchor in sorted(cited):
        assert (ROOT / name).is_file(), name
        assert not anchor or anchor in page(ROOT / name).anchors, f"{name}#{anchor}"


def test_nothing_cites_what_is_not_here() -> None:
    """Statutes, RFCs and pages of ours are cited; papers that nobody can open are not."""
    found = {file: _NOT_HERE.findall(file.read_text("utf-8")) for file in FILES}
    assert {file: citations for file, citations in found.items() if citations} == {}
