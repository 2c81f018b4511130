"""The exception tree: an outage is an exception, a refusal is a value, a bug is a crash.

DispatcherError
├── ConfigError          a setting is wrong; stops the process and names the setting
├── FileError            a file is wrong at a place that can be named
│   ├── CampaignError    a campaign or template file is wrong; names file, line and field
│   │   └── CampaignErrors  everything that is wrong with it, told at once
│   └── ImportFileError  a file of customers cannot be read at all; names file and line
├── WrongInput           what was typed cannot be right: an address, an option
├── NotFound             no such thing (HTTP 404)
├── Conflict             not possible in the present state (HTTP 409)
├── NotAllowed           the operator's, asked for by somebody who works for a brand (HTTP 403)
├── CallbackRejected     a gateway's callback is forged, stale or unreadable (HTTP 400)
└── Unavailable          the whole batch later; carries retry_after
    ├── GatewayDown      the gateway takes nothing at the moment
    ├── StorageDown      the database takes nothing at the moment
    └── ClockJumped      clocks moved apart: nobody knows whose hours it is
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class DispatcherError(Exception):
    """Something the person at the keyboard can act on; its text is shown as it stands."""


class ConfigError(DispatcherError):
    """A setting is missing or wrong."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"{setting}: {problem}")
        self.setting = setting


class FileError(DispatcherError):
    """A file is wrong at a place that can be named: `path:line:column: problem`; 0 is none."""

    def __init__(
        self, path: Path | str, line: int, problem: str, field: str = "", column: int = 0
    ) -> None:
        place = ":".join(str(part) for part in (path, line, column) if part)
        super().__init__(f"{place}: {problem}")
        self.path = str(path)
        self.line = line
        self.column = column
        self.problem = problem
        self.field = field


class CampaignError(FileError):
    """A campaign or template file is wrong."""


class CampaignErrors(CampaignError):
    """Everything that is wrong with a campaign, one line each; `problems` is never empty."""

    def __init__(self, problems: Sequence[CampaignError]) -> None:
        first = problems[0]
        super().__init__(first.path, first.line, first.problem, first.field, first.column)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class ImportFileError(FileError):
    """A file of customers cannot be read at all."""


class WrongInput(DispatcherError):
    """What was typed cannot be right; says how it is written."""


class NotFound(DispatcherError):
    """There is no such thing."""


class Conflict(DispatcherError):
    """Not possible in the present state."""


class NotAllowed(DispatcherError):
    """The operator's alone; says who asked."""


class CallbackRejected(DispatcherError):
    """A gateway's callback is forged, stale or unreadable."""


class Unavailable(DispatcherError):
    """Something we depend on takes nothing now; try the whole batch again after `retry_after` s."""

    def __init__(self, problem: str, retry_after: float = 30.0) -> None:
        super().__init__(problem)
        self.retry_after = retry_after


class GatewayDown(Unavailable):
    """The gateway takes nothing at the moment."""


class StorageDown(Unavailable):
    """The database takes nothing at the moment."""


class ClockJumped(Unavailable):
    """The clocks of database and machine moved apart, or away from the time that passed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"clock_jumped: the clocks stand {seconds:+.0f} s apart; nothing is handed over until "
            "they agree; if they are right now, start the workers again"
        )
        self.seconds = seconds
