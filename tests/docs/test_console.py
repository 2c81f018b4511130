"""What the pages tell people to type works as written, and says what they show."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from dispatcher.embedded import runfile
from dispatcher.embedded.processes import free_port
from tests.docs.pages import PAGES, ROOT, Page
from tests.support.patience import eventually
from tests.support.requirements import require

# What a page takes for granted.
BEFORE = {
    # The reader takes the tour by day; whoever runs these tests may do so at night.
    "docs/quickstart.md": (
        """cat > day.toml <<'END'
[[override]]
jurisdiction = "GB"
by = "a reader"
reason = "it may be night"
[override.windows]
holiday = "as_day"
END""",
        """for day in mon tue wed thu fri sat sun; do
  echo "$day = [['00:00', '24:00']]" >> day.toml
done""",
        "export DISPATCHER_RULE_OVERRIDES=$PWD/day.toml",
    ),
    "docs/how-to/connect-a-mail-server.md": (
        "dispatcher init",
        'printf \'\\n[gateways.mail]\\nkind = "smtp"\\nhost = "h.example"\\n\' >> dispatcher.toml',
        "dispatcher up --detach",
    ),
    "docs/how-to/connect-an-operator-by-smpp.md": (
        "dispatcher init",
        "printf '\\n[gateways.operator]\\nkind = \"smpp\"\\n' >> dispatcher.toml",
        "printf 'host = \"h.example\"\\n' >> dispatcher.toml",
        "printf 'system_id = \"shop\"\\n' >> dispatcher.toml",
        "dispatcher up --detach",
    ),
}
# Our command. What the pages show does not grow old with the rule data, whose age has its own
# check.
_OURS = """\
from dispatcher.cli.entry import main
from dispatcher.rules import jurisdictions

if __name__ == "__main__":
    jurisdictions.FRESH_DAYS = 1_000_000
    main()
"""
RUN = [each for each in PAGES if each.runnable]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to type, and what is then to be seen; `line` is where it stands."""

    line: int
    typed: str
    seen: tuple[str, ...] = ()


def steps(page: Page) -> list[Step]:
    """Take a page apart: a `sh` block is one step, a `console` block one for each prompt."""
    found = [Step(0, typed) for typed in BEFORE.get(page.name, ())]
    for block in page.runnable:
        if block.language == "sh":
            found.append(Step(block.line, block.text))
            continue
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            typed, *seen = part.rstrip("\n").split("\n")
            found.append(Step(block.line, typed, tuple(seen)))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder to work in; a stack that still runs in it at the end is stopped."""
    place = tmp_path / "reader"
    place.mkdir()
    yield place
    for home in place.rglob(".dispatcher"):
        running = runfile.find_running(home)
        if running is not None:
            os.kill(running.launcher, signal.SIGTERM)
            assert eventually(partial(_is_down, home), 60)


def _is_down(home: Path) -> bool:
    return not runfile.is_alive(home)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What a reader has after setting up: our command and Python within reach, nothing else."""
    programs = tmp_path / "bin"
    programs.mkdir()
    ours = tmp_path / "ours.py"
    ours.write_text(_OURS, "utf-8")
    for name, words in (("dispatcher", f"-P '{ours}'"), ("python", "-P")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        program.chmod(0o755)
    return {
        "PATH": f"{programs}:{os.defpath}:/usr/local/bin",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
    }


@pytest.mark.slow
@pytest.mark.timeout(260)
@pytest.mark.parametrize("page", RUN, ids=[each.name for each in RUN])
def test_a_page_can_be_followed_word_for_word(
    page: Page, folder: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """Every command ends well, in order, and shows what the page shows."""
    require(shutil.which("bash"), "bash", "type what the pages say", "apt install bash")
    told = steps(_on_free_ports(page))
    script = tmp_path / "typed.sh"
    script.write_text(_script(told, tmp_path), "utf-8")
    with (tmp_path / "inherited").open("wb") as inherited:
        subprocess.run(
            ["bash", str(script)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=inherited,
            stderr=subprocess.STDOUT,
            timeout=240,
        )
    for number, step in enumerate(told):
        where = f"{page.name}:{step.line}: {step.typed}"
        said, errors = (_read(tmp_path / f"{number}.{kind}") for kind in ("out", "err"))
        assert (tmp_path / f"{number}.done").exists(), f"{where}\n{said}\n{errors}"
        assert _shows(said, step.seen), f"{where}\nis to show\n{step.seen}\nand shows\n{said}"


def _script(told: list[Step], results: Path) -> str:
    """Type everything into one shell, so that `cd` and `export` hold; the first failure ends it."""
    lines = ["set -e", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for number, step in enumerate(told):
        at = results / str(number)
        lines += [f"{{ {step.typed}", f"}} >'{at}.out' 2>'{at}.err'", f": >'{at}.done'"]
    return "\n".join([*lines, ""])


def _on_free_ports(page: Page) -> Page:
    """Other tests, or the developer's own stack, may use the usual ports."""
    text = page.text.replace("2525", str(free_port()))
    return replace(page, text=text.replace("up --detach", f"up --detach --port {free_port()}"))


def _read(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.exists() else ""


def _shows(said: str, seen: tuple[str, ...]) -> bool:
    """Compare without minding spaces; `...` is anything, on a line of its own any lines."""
    if not seen:
        return True
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == "..." else _pattern(line) + "\n"
        for line in seen
        if line.strip()
    )
    lines = [" ".join(line.split()) for line in said.replace("\ufeff", "").splitlines()]
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines if line)) is not None


def _pattern(line: str) -> str:
    parts = (re.escape(" ".join(part.split())) for part in line.split("..."))
    return r".*".join(parts)


def test_the_comparison_notices_a_difference() -> None:
    """A page that shows something else than what is said does not pass."""
    assert _shows("one  1\n\ntwo 2\nthree\n", ("one 1", "...", "three"))
    assert _shows("wave 17 is done\n", ("wave ... is done",))
    assert not _shows("one 1\ntwo 2\n", ("one 1",))
    assert not _shows("one 1\n", ("...", "two"))
