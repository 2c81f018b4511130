"""`dispatcher init`: a folder to work in, with settings, keys, a programme and a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dispatcher.cli import starter
from dispatcher.cli.desk import load, sample_of
from dispatcher.cli.files import write
from dispatcher.cli.show import Json, answer
from dispatcher.keys import KEYS_FILE, make_keys
from dispatcher.services.programme import FILE as PROGRAMME_FILE
from dispatcher.settings import CONFIG_FILE, Settings

app = typer.Typer()

_TEMPLATE = "coffee-week"
_CAMPAIGN_FILE = Path("campaigns/first-offer.toml")
_NEXT = (
    "dispatcher up --detach",
    "dispatcher doctor",
    f"dispatcher campaign preview {_CAMPAIGN_FILE}",
)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The folder; else this one.")] = Path(),
    as_json: Json = False,
) -> None:
    """Write settings, keys, a programme and a first campaign here."""
    wrote: list[str] = []
    kept: list[str] = []
    sample, today = sample_of(_TEMPLATE), starter.today()
    texts = {
        Path(CONFIG_FILE): starter.settings(),
        PROGRAMME_FILE: starter.programme(),
        _CAMPAIGN_FILE: starter.campaign("First offer", _TEMPLATE, sample, today),
    }
    for file, text in texts.items():
        (wrote if _write(folder / file, text) else kept).append(str(folder / file))
    keys = folder / _home(folder) / KEYS_FILE
    if keys.exists():
        kept.append(str(keys))
    else:
        make_keys(keys)
        wrote.append(str(keys))
    lines = [
        *(f"Wrote {file}." for file in wrote),
        *(f"Kept {file}, which was there." for file in kept),
        "Keep a copy of the keys: without them no opt-out would be recognised.",
        "Next:",
        *(f"  {command}" for command in _NEXT),
    ]
    answer({"wrote": wrote, "kept": kept, "next": _NEXT}, lines, as_json=as_json)


def _home(folder: Path) -> Path:
    """Where the settings say; in another folder, where they say by default."""
    return load().home if folder == Path() else Path(Settings.model_fields["home"].default)


def _write(file: Path, text: str) -> bool:
    if file.exists():
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    write(file, text)
    return True
