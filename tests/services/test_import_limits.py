"""An import tells how far it is, needs little memory, and says at once what it cannot write."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text

from dispatcher.errors import ImportFileError
from dispatcher.services import import_customers as journey
from dispatcher.services.import_customers import Order, Stage, import_customers
from dispatcher.services.subscribe import Desk
from tests.support.people import NOON, desk_on

FILE_SIZE = 50_000_000  # bytes
# kB above an idle process: twice what a chunk needs, and less than the whole file would.
MOST, MOST_OF_A_READER = 60_000, 95_000
ROOT = Path(__file__).resolve().parents[2]
IMPORT = """
import re, resource, sys
from pathlib import Path
import orjson
from dispatcher.services.import_customers import Order, import_customers
from tests.support.people import NOON, desk_on

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

with desk_on(sys.argv[1]) as desk:
    with desk.database.begin():
        before = peak()
    done = import_customers(desk, Order(Path(sys.argv[2]), Path(sys.argv[3])), NOON)
    readers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(orjson.dumps([done.rows, done.people, before, peak(), readers]).decode())
"""


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    """A desk over a fresh database."""
    with desk_on(database_url) as desk:
        yield desk


def test_whoever_imports_hears_how_far_it_is(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading, checking, merging, in this order: each goes up, and ends at its whole."""
    monkeypatch.setattr(journey, "CHUNK", 10)
    path = tmp_path / "people.csv"
    path.write_text("email\n" + "".join(f"p{n}@example.com\n" for n in range(35)))
    told: list[tuple[Stage, int, int]] = []
    import_customers(
        desk, Order(path, tmp_path / "rejects.csv"), NOON, lambda *step: told.append(step)
    )
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == list(Stage)
    for stage, most, steps in (
        (Stage.SURVEY, path.stat().st_size, 1),
        (Stage.STAGE, path.stat().st_size, 4),
        (Stage.MERGE, 35, 4),
    ):
        heard = [(done, of) for here, done, of in told if here is stage]
        assert len(heard) == steps
        assert heard == sorted(heard)
        assert heard[-1] == (most, most)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is told in /proc")
def test_a_big_file_is_read_in_small_memory(database_url: str, tmp_path: Path) -> None:
    """However long the file, it is never in memory as a whole."""
    path, rest = tmp_path / "people.csv", "x" * 480
    rows = FILE_SIZE // 500
    with path.open("w") as file:
        file.write("email,note\n")
        file.writelines(f"p{n:07}@example.com,{rest}\n" for n in range(rows))
    command = [sys.executable, "-c", IMPORT, database_url, str(path), str(tmp_path / "rejects.csv")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    read, people, before, after, readers = orjson.loads(done.stdout)
    assert path.stat().st_size >= FILE_SIZE
    assert read == people == rows
    assert after - before < MOST
    assert readers - before < MOST_OF_A_READER


def test_a_full_disk_for_the_rejects_is_one_clear_error_before_anything_is_changed(
    desk: Desk, tmp_path: Path
) -> None:
    """It is said at the beginning, with the file's name and what to do."""
    path, rejects = tmp_path / "people.csv", tmp_path / "rejects.csv"
    path.write_text("email\nanna@example.com\nbad\n")
    (tmp_path / "rejects.csv.part").symlink_to("/dev/full")
    with pytest.raises(ImportFileError) as caught:
        import_customers(desk, Order(path, rejects), NOON)
    assert str(caught.value) == (
        f"{rejects}: the rejects cannot be written here: No space left on device;"
        " name another --rejects"
    )
    with desk.database.begin() as conn:
        assert conn.execute(text("SELECT count(*) FROM import")).scalar_one() == 0
        assert conn.execute(text("SELECT count(*) FROM customer")).scalar_one() == 0
    assert not rejects.exists()
