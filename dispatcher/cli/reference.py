"""Writes the reference in docs/ from the code: `python -m dispatcher.cli.reference [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from dispatcher.campaign_files.keys import reference as campaign_file
from dispatcher.campaign_files.programme_keys import reference as programme_file
from dispatcher.cli import hours_reference, override_pages
from dispatcher.cli.entry import load
from dispatcher.cli.table import COMMANDS
from dispatcher.domain.decisions import Reason
from dispatcher.gateways.matrix import page as gateways
from dispatcher.services.jurisdictions import shipped
from dispatcher.settings import (
    BrandPaceSettings,
    DomainPaceSettings,
    GatewaySettings,
    PaceSettings,
    Settings,
)
from dispatcher.words import DEFAULT, speak

FOLDER = Path("docs")
_MADE = "<!-- Made from the code by './dispatch docs'; edit the code instead. -->\n"
_MADE_FROM_DATA = _MADE.replace("the code", "dispatcher/rules/jurisdictions.toml", 1).replace(
    "the code", "the data"
)


def pages() -> Mapping[str, str]:
    """Give every page by its path in docs/."""
    return {
        "reference/commands.md": commands(),
        "reference/settings.md": settings(),
        "reference/reasons.md": reasons(),
        "reference/campaign-file.md": campaign_file(),
        "reference/programme-file.md": programme_file(),
        "reference/jurisdictions.md": _MADE_FROM_DATA + hours_reference.page(shipped()),
        "reference/rule-overrides.md": f"{_MADE}{override_pages.reference()}",
        "gateways.md": gateways(),
    }


def commands() -> str:
    """Describe every command with its arguments and options."""
    lines = [
        _MADE,
        "# Commands",
        "",
        "Each command takes `--json` and then writes JSON, and nothing else, on standard output;",
        "messages go to standard error. Exit codes: 0 done, 1 refused or failed, 2 wrong words, a",
        "bad file or a bad setting, 130 interrupted; `status` ends with 3 when nothing runs.",
        "",
    ]
    for name, entry in COMMANDS.items():
        if entry.hidden:
            continue
        command = load(name)
        if not entry.group:
            lines += _command(f"dispatcher {name}", command)
            continue
        lines += [f"## dispatcher {name}", "", entry.help, ""]
        for inner, each in command.commands.items():
            lines += _command(f"dispatcher {name} {inner}", each, "###")
    return "\n".join(lines)


def _command(path: str, command: Any, mark: str = "##") -> list[str]:
    parameters = [each for each in command.params if each.name != "help"]
    arguments = [each for each in parameters if each.param_type_name == "argument"]
    needed = [each for each in parameters if each.required and each not in arguments]
    words = " ".join([*map(_usage, arguments), *(f"{each.opts[0]} ..." for each in needed)])
    lines = [f"{mark} {path}", "", _sentence(command.help), ""]
    lines += ["```", f"{path} {words}".rstrip(), "```", ""]
    if parameters:
        lines += ["| | |", "|---|---|", *(_row(each) for each in parameters), ""]
    return lines


def _usage(argument: Any) -> str:
    name = str(argument.name).upper()
    return name if argument.required else f"[{name}]"


def _row(parameter: Any) -> str:
    name = _usage(parameter)
    if parameter.param_type_name == "option":
        name = ", ".join(parameter.opts)
    default = parameter.default
    shown = default not in (None, "", False, 0) and not callable(default)
    told = f" Default: `{default}`." if shown else ""
    return f"| `{name}` | {_sentence(parameter.help)}{told} |"


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def settings() -> str:
    """Describe every setting, with its name in the environment."""
    lines = [
        _MADE,
        "# Settings",
        "",
        "Settings are read from the environment, then from `dispatcher.toml` in the present folder",
        "(or the file that `DISPATCHER_CONFIG` names), else the default holds.",
        "`dispatcher init` writes such a file with all of them.",
        "",
        "| in the file | in the environment | default | meaning |",
        "|---|---|---|---|",
        *(_setting(name, info) for name, info in Settings.model_fields.items()),
        "",
        "## [gateways.*]",
        "",
        "One table for each gateway, under a name of your choice. Besides these keys a table holds",
        "those of its kind: see [gateways](../gateways.md).",
        "",
        "| key | default | meaning |",
        "|---|---|---|",
        *_keys_of(GatewaySettings),
        "",
        "## [limits.*]",
        "",
        'Limits of what one gateway knows nothing of: `[limits.senders."+15550100"]`,',
        "`[limits.brands.northwind]`, `[limits.domains.gmail]`. How they are used:",
        "[limit the rate](../how-to/limit-the-rate.md). Each such table has these keys:",
        "",
        "| key | default | meaning |",
        "|---|---|---|",
        *_keys_of(PaceSettings),
        "",
        "A brand has this one besides, and a group of recipients' domains the other:",
        "",
        "| key | default | meaning |",
        "|---|---|---|",
        *_keys_of(BrandPaceSettings, but=PaceSettings),
        *_keys_of(DomainPaceSettings, but=PaceSettings),
        "",
    ]
    return "\n".join(lines)


def _setting(name: str, info: FieldInfo) -> str:
    alias = info.validation_alias
    environment = alias if isinstance(alias, str) else f"DISPATCHER_{name.upper()}"
    in_file = "" if alias else f"`{name}`"
    return f"| {in_file} | `{environment}` | {_default(info)} | {_sentence(info.description)} |"


def _keys_of(table: type[BaseModel], but: type[BaseModel] | None = None) -> Iterator[str]:
    """Describe the keys of a table, what is needed first; without those of `but`."""
    known = but.model_fields if but else {}
    keys = [each for each in table.model_fields.items() if each[0] not in known]
    for name, info in sorted(keys, key=lambda each: not each[1].is_required()):
        yield _gateway_setting(name, info)


def _gateway_setting(name: str, info: FieldInfo) -> str:
    return f"| `{name}` | {_default(info)} | {_sentence(info.description)} |"


def _default(info: FieldInfo) -> str:
    if info.default is PydanticUndefined:
        return "" if info.default_factory else "**required**"
    value = info.default
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    return "" if value in ("", None) else f"`{str(value).lower() if value is True else value}`"


def reasons() -> str:
    """Describe every reason a person may be sent something, or not."""
    lines = [
        _MADE,
        "# Reasons",
        "",
        "Each person of each campaign has exactly one verdict, and each verdict has a reason.",
        "`dispatcher explain` shows it for a person, `dispatcher campaign report` counts them.",
        "",
        "| reason | as the person reads it |",
        "|---|---|",
        *(f"| `{reason}` | {speak(DEFAULT)(f'reason.{reason}')} |" for reason in Reason),
        "",
    ]
    return "\n".join(lines)


def stale(folder: Path = FOLDER) -> Iterator[str]:
    """Name the pages that do not say what the code says."""
    for name, text in pages().items():
        page = folder / name
        if not page.is_file() or page.read_text("utf-8") != text:
            yield name


def main(check: bool = False) -> None:
    """Write the pages, or only name those that are out of date."""
    old = list(stale())
    for name in old:
        if not check:
            (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
            (FOLDER / name).write_text(pages()[name], "utf-8")
        typer.echo(f"{'out of date' if check else 'wrote'}: {FOLDER / name}")
    sys.exit(bool(check and old))


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
