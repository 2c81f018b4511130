"""The programme as its file describes it; none, where nobody has written one."""

from __future__ import annotations

from pathlib import Path

from dispatcher.campaign_files.programme_file import read
from dispatcher.domain.programme import Programme
from dispatcher.errors import CampaignError

FILE = Path("programme.toml")


def declared(path: Path | None) -> Programme | None:
    """Read the file that is named, which must be there, or `programme.toml`, if there is one.

    CampaignError and CampaignErrors say what is wrong with it, by line.
    """
    file = path or FILE
    try:
        return read(file.read_bytes(), str(file))
    except FileNotFoundError:
        if path is None:
            return None
        told = "there is no such file; the setting `programme` names it"
    except OSError as error:
        told = f"this file cannot be read: {error.strerror}"
    raise CampaignError(file, 0, told)
