"""A file that cannot be read is said so, with line and remedy, and changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dispatcher.errors import ImportFileError
from dispatcher.services.import_customers import Order, import_customers
from dispatcher.services.subscribe import Desk
from tests.services.importing import count, people_file
from tests.support.people import NOON

BAD_FILES: dict[str, tuple[bytes, dict[str, Any], int, str]] = {
    "empty": (b"", {}, 1, "empty"),
    "blank header": (b"\n\na@example.com\n", {}, 1, "blank"),
    "no address column": (b"name,city\nAnna,Paris\n", {}, 1, "--map email="),
    "workbook": (b"PK\x03\x04\x14\0\x06\0", {}, 1, "Excel workbook; save it as CSV|workbook"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1", {}, 1, "save it as CSV"),
    "pdf": (b"%PDF-1.7\n", {}, 1, "PDF"),
    "utf-16": ("email\na@example.com\n".encode("utf-16"), {}, 1, "UTF-16"),
    "nul": (b"email\na@example.com\nb\0@example.com\n", {}, 3, "NUL"),
    "wrong encoding": (b"email,n\na@example.com,\xff\n", {"encoding": "utf-8"}, 2, "not utf-8"),
    "no such encoding": (b"email\n", {"encoding": "klingon"}, 0, "no encoding"),
    "long line": (b"email,n\na@example.com," + b"x" * 10_000_000 + b"\n", {}, 2, "longer"),
    "open quote": (b'email,n\na@example.com,"' + b"x\n" * 200_000, {}, 2, "quote"),
    "map to nothing": (b"email\n", {"mapping": {"phone": "Handy"}}, 1, "no column 'Handy'"),
    "two of a name": (b"email,Email\n", {}, 1, "two columns"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_cannot_be_read_changes_nothing(
    desk: Desk, bring: Any, tmp_path: Path, case: str
) -> None:
    """The error names the file, the line, and what to do; nobody is added, no rejects written."""
    content, order, line, words = BAD_FILES[case]
    with pytest.raises(ImportFileError, match=words) as caught:
        bring(content, **order)
    assert (caught.value.line, caught.value.path) == (line, str(tmp_path / "people.csv"))
    assert count(desk, "customer") == 0
    assert not (tmp_path / "rejects.csv").exists()


def test_a_folder_or_a_missing_file_is_said_plainly(desk: Desk, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.csv"):
        with pytest.raises(ImportFileError):
            import_customers(desk, Order(path, tmp_path / "rejects.csv"), NOON)


def test_rejects_that_cannot_be_written_are_said_at_once(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(people_file(1))
    with pytest.raises(ImportFileError, match="--rejects"):
        import_customers(desk, Order(path, tmp_path / "nowhere" / "rejects.csv"), NOON)
    assert count(desk, "customer") == 0


def test_a_file_with_a_header_only_brings_nobody(bring: Any) -> None:
    done = bring("email\n")
    assert (done.rows, done.people, done.rejects) == (0, 0, 0)


def test_a_value_is_no_formula_in_the_rejects_file(bring: Any, tmp_path: Path) -> None:
    bring('email\n"=HYPERLINK(1)"\n')
    assert "'=HYPERLINK" in (tmp_path / "rejects.csv").read_text("utf-8-sig")
