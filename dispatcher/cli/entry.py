"""Where a command begins and ends: found by name, run, and every failure told in a sentence."""

from __future__ import annotations

import errno
import importlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from dispatcher import __version__
from dispatcher.cli.table import COMMANDS
from dispatcher.errors import ConfigError, DispatcherError, FileError, WrongInput

FAILED = 1
MISUSED = 2  # wrong words, a bad file or a bad setting
INTERRUPTED = 130
BROKEN_PIPE = 1  # as Typer has it where it notices first
_PROGRAM = "dispatcher"
_LAST_STREAM = 2  # standard error


class Commands(TyperGroup):
    """Lists every command from the table; only the one that is run has its module imported."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {
            name: TyperCommand(
                name=name,
                help=entry.help,
                rich_help_panel=entry.panel,
                hidden=entry.hidden,
            )
            for name, entry in COMMANDS.items()
        }

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Put the real command in the place of the listed one."""
        name, listed, rest = super().resolve_command(ctx, args)
        if name:
            _for_whom().require(name, rest)
        return name, load(name) if name else listed, rest


def _for_whom() -> Any:
    """Give who may do what: imported like a command, for it needs the settings."""
    return importlib.import_module("dispatcher.cli.brand_user")


def load(name: str) -> Any:
    """Import a command's module and give the command."""
    entry = COMMANDS[name]
    group = typer.main.get_group(importlib.import_module(entry.module).app)
    group.name = name
    return group if entry.group else group.commands[name]


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dispatcher {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _dispatcher(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Say which version this is."
        ),
    ] = False,
) -> None:
    """Dispatch offers by e-mail and SMS to people who asked for them."""


def main() -> None:
    """Run the command line of this process."""
    _open_closed_streams()
    sys.exit(run(sys.argv[1:]))


def _open_closed_streams() -> None:
    """A caller may have closed them; else the next file opened would stand in their place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST_STREAM:
        pass
    os.close(descriptor)
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: PTH123, SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115


def run(words: Sequence[str]) -> int:
    """Run one command; give the exit code. Whatever goes wrong is told on standard error."""
    try:
        _refuse_unreadable(words)
        code = app(list(words) or ["--help"], prog_name=_PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except typer.Abort as aborted:
        code = _aborted(aborted)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except typer.TyperException as misuse:
        code = _misused(misuse, words)
    except DispatcherError as error:
        bad_input = isinstance(error, ConfigError | FileError | WrongInput)
        code = _tell(str(error), MISUSED if bad_input else FAILED, words)
    except BrokenPipeError:
        code = _hang_up()
    except OSError as error:
        code = _system_error(error, words)
    return code if isinstance(code, int) else 0


def _refuse_unreadable(words: Sequence[str]) -> None:
    """Refuse bytes that are no text: neither the database nor a terminal could hold them."""
    try:
        "".join(words).encode()
    except UnicodeEncodeError:
        raise WrongInput("what was typed is not UTF-8 text; set the terminal to UTF-8") from None


def _aborted(aborted: BaseException) -> int:
    """Ctrl-C is quiet; whoever said no is told that nothing happened."""
    if isinstance(aborted.__cause__ or aborted.__context__, KeyboardInterrupt):
        return INTERRUPTED
    typer.echo("Nothing was done.", err=True)
    return FAILED


def _misused(misuse: typer.TyperException, words: Sequence[str]) -> int:
    context = getattr(misuse, "ctx", None)
    path = context.command_path if context else _PROGRAM
    message = misuse.format_message()
    if context and message == "Missing command.":
        message = f"Say what to do: {', '.join(context.command.commands)}."
    return _tell(f"{message} ('{path} --help' tells more)", MISUSED, words)


def _system_error(error: OSError, words: Sequence[str]) -> int:
    """The machine refuses: no room, no right, no such place. Anything else is a bug."""
    if error.errno not in _REMEDIES:
        raise error
    where = f"{error.filename}: " if error.filename else ""
    remedy = _REMEDIES[error.errno]
    if error.errno == errno.ENOSPC and not error.filename:
        _forget_output()
    return _tell(f"{where}{(error.strerror or '').lower()}; {remedy}", FAILED, words)


_REMEDIES = {
    errno.ENOSPC: "make room, or write elsewhere",
    errno.EDQUOT: "make room, or write elsewhere",
    errno.EFBIG: "the limit on file sizes is too low here; write elsewhere",
    errno.EACCES: "change its permissions, or choose another place",
    errno.EPERM: "change its permissions, or choose another place",
    errno.EROFS: "choose a place that can be written to",
    errno.ENOENT: "is the name spelt right?",
    errno.ENOTDIR: "is the name spelt right?",
    errno.EISDIR: "name a file, not a folder",
    errno.EEXIST: "choose another name",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EADDRINUSE: "choose another port with --port",
}


def _hang_up() -> int:
    """Whoever read our output has gone; say nothing, and let the interpreter close quietly."""
    _forget_output()
    return BROKEN_PIPE


def _forget_output() -> None:
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        pass  # not a real file, so nothing of it is flushed at the end either


def _tell(message: str, code: int, words: Sequence[str]) -> int:
    for line in dict.fromkeys(message.splitlines()):
        typer.echo(f"error: {line}", err=True)
    if "--json" in words:
        try:
            typer.echo(json.dumps({"error": message, "exit": code}))
            sys.stdout.flush()
        except OSError:
            _forget_output()
    return code
