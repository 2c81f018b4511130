"""The rows of a file of customers: the ids of its people, and what many rows have in common."""

from __future__ import annotations

from itertools import count, pairwise

from dispatcher.services.customer_columns import Column, Columns
from dispatcher.services.customer_file import Line
from dispatcher.services.customer_rows import NEIGHBOURS, RowReader
from dispatcher.storage.imports_rows import StagedRow
from tests.support.people import DIGESTS

COLUMNS = Columns({Column.EMAIL: 0, Column.TOPICS: 1}, {}, 2)


def reader(seed: bytes = b"seed") -> RowReader:
    return RowReader(COLUMNS, DIGESTS, seed, count())


def read(rows: RowReader, no: int, topics: str = "coffee") -> StagedRow:
    row = rows.read(no, Line(no + 1, [f"p{no}@example.com", topics]))
    assert isinstance(row, StagedRow)
    return row


def test_ids_are_positive_and_no_two_are_alike() -> None:
    """Whoever reads which part of a file gives each row the same id, and no other row that id."""
    numbers = [*range(1, 200), *range(NEIGHBOURS - 50, NEIGHBOURS + 50)]
    rows, backwards = reader(), reader()
    ids = [read(rows, no).customer_id for no in numbers]
    assert len(set(ids)) == len(ids)
    assert all(0 < one < 2**63 for one in ids)
    assert ids == [read(backwards, no).customer_id for no in reversed(numbers)][::-1]
    assert read(reader(b"another"), 1).customer_id not in ids


def test_neighbours_lie_together_and_in_every_shard() -> None:
    """An import touches one place of each index; its people are spread over all shards."""
    rows = reader()
    ids = [read(rows, no).customer_id for no in range(1, 4001)]
    assert len({one >> 53 for one in ids}) == 1
    assert {one >> 45 & 255 for one in ids} == set(range(256))
    gaps = sorted(after - before for before, after in pairwise(sorted(ids)))
    assert gaps[-1] < 2**53 // 200  # spread over their part, not in a row


def test_what_rows_tell_alike_is_staged_once() -> None:
    """Each row names the number of what it has in common with others, and two never share one."""
    rows = reader()
    first, second, other = read(rows, 1), read(rows, 2), read(rows, 3, "theatre|coffee")
    assert first.told == second.told != other.told
    assert [(told.told, told.topics) for told in rows.told] == [
        (first.told, "{coffee}"),
        (other.told, "{coffee,theatre}"),
    ]
