"""`dispatcher gateway listen`: who is heard on a line of its own, and what is said else."""

from __future__ import annotations

from tests.cli.shell import Shell

OPERATOR = """
[gateways.operator]
kind = "smpp"
host = "127.0.0.1"
port = 1
security = "none"
system_id = "shop"
"""
REAL = "safe_mode = false\n"


def test_in_safe_mode_no_operator_is_called(shell: Shell) -> None:
    """Nothing leaves the machine, and the reason is told."""
    shell.write("dispatcher.toml", OPERATOR)
    result = shell("gateway", "listen")
    assert result.code == 1
    assert "safe mode is on" in result.err


def test_without_such_a_gateway_there_is_nothing_to_hear(shell: Shell) -> None:
    """It says which kind would be heard."""
    shell.write("dispatcher.toml", REAL)
    result = shell("gateway", "listen")
    assert result.code == 1
    assert "smpp" in result.err


def test_a_gateway_that_is_not_there_is_named(shell: Shell) -> None:
    """Together with those that are."""
    shell.write("dispatcher.toml", REAL + OPERATOR)
    result = shell("gateway", "listen", "oparator")
    assert result.code == 1
    assert '"oparator"' in result.err
    assert "there are: operator" in result.err


def test_the_doctor_calls_the_operators_port(shell: Shell) -> None:
    """Like that of any other gateway, and only outside safe mode."""
    shell.write("dispatcher.toml", OPERATOR)
    assert "gateway operator: smpp, well configured; not called" in shell("doctor").out
    shell.write("dispatcher.toml", REAL + OPERATOR)
    assert "127.0.0.1 port 1 takes no call" in shell("doctor").out
