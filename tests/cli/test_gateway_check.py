"""`dispatcher gateway check` and `dkim-key`, from a new key to a campaign that may go out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from dispatcher.embedded.processes import free_port
from dispatcher.gateways.email.dkim_keys import load_key
from tests.cli.shell import Shell, add_anna, campaign_text
from tests.servers.dns import DnsServer

DOMAIN = "linden.example"
BRAND = f'email = "news@{DOMAIN}"'


@pytest.fixture
def mail_server() -> Iterator[int]:
    """A mail server of others."""
    controller = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller.port
    controller.stop()


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    """A DNS that knows nothing yet."""
    with DnsServer({}).running() as server:
        yield server


def in_order(record: str) -> dict[str, Sequence[str]]:
    """The zone of a domain that may send."""
    return {
        f"{DOMAIN} TXT": ['"v=spf1 ip4:192.0.2.10 -all"'],
        f"{DOMAIN} MX": [f"10 mail.{DOMAIN}."],
        f"mail.{DOMAIN} A": ["192.0.2.10"],
        "10.2.0.192.in-addr.arpa PTR": [f"mail.{DOMAIN}."],
        f"s1._domainkey.{DOMAIN} TXT": [f'"{record}"'],
        f"_dmarc.{DOMAIN} TXT": ['"v=DMARC1; p=none"'],
    }


def configure(shell: Shell, dns: DnsServer, port: int, *, safe: bool = False) -> str:
    """Make a key and write the settings of a gateway that signs; give the key's record."""
    made = shell.done("gateway", "dkim-key", DOMAIN, "--kind", "ed25519")
    shell.write(
        "dispatcher.toml",
        f"""\
safe_mode = {str(safe).lower()}
mail_domain = "{DOMAIN}"
dns_server = "{dns.address}"

[gateways.mail]
kind = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
sends_from = ["192.0.2.10"]

[gateways.mail.dkim."{DOMAIN}"]
selector = "s1"
key_file = "{made["file"]}"
""",
    )
    return str(made["record"])


def approved(shell: Shell) -> None:
    """A campaign of the brand, ready to be enqueued."""
    add_anna(shell)
    shell.write("spring.toml", campaign_text(email=BRAND))
    shell.done("campaign", "approve", "spring.toml")


def failures(told: Any) -> set[str]:
    """Name what failed."""
    found = (each for look in told["looks"] for each in look["findings"])
    return {each["subject"] for each in found if each["level"] == "fail"}


def test_a_key_is_made_and_told_as_a_record(shell: Shell) -> None:
    """The file is there, its owner's alone; the words are those for the DNS and the settings."""
    result = shell("gateway", "dkim-key", "bücher.example", "--selector", "june")
    assert result.code == 0
    file = shell.folder / "june.xn--bcher-kva.example.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    key = load_key(file, "xn--bcher-kva.example", "june")
    [line] = [each for each in result.out.splitlines() if " TXT " in each]
    assert line.startswith("june._domainkey.xn--bcher-kva.example. TXT")
    assert key.record in line.replace('" "', "")
    assert shell("gateway", "dkim-key", "bücher.example", "--selector", "june").code == 1


@pytest.mark.parametrize("words", [("localhost",), ("a b.example",), ("x.example", "--selector=A")])
def test_no_key_for_what_is_no_domain(shell: Shell, words: tuple[str, ...]) -> None:
    """Nothing is written."""
    result = shell("gateway", "dkim-key", *words)
    assert result.code == 2
    assert not list(shell.folder.glob("*.pem"))


def test_without_a_gateway_there_is_nothing_to_mend(shell: Shell) -> None:
    """All goes into the sandbox."""
    assert shell.done("gateway", "check")["healthy"]
    assert shell("gateway", "check", "mail").code == 1


@pytest.mark.parametrize("safe", [True, False])
def test_a_domain_is_looked_at_before_its_first_campaign(
    shell: Shell, dns: DnsServer, mail_server: int, safe: bool
) -> None:
    """In safe mode, too: it sends nothing. What is missing is told with what to type."""
    record = configure(shell, dns, mail_server, safe=safe)
    result = shell("gateway", "check", "mail", "--domain", DOMAIN)
    assert result.code == 1
    assert f"put into the DNS: s1._domainkey.{DOMAIN}. TXT" in result.out
    dns.zone.update(in_order(record))
    told = shell.done("gateway", "check", "mail", "--domain", DOMAIN)
    assert told["healthy"], failures(told)


def test_a_campaign_does_not_go_out_from_a_domain_that_failed(
    shell: Shell, dns: DnsServer, mail_server: int
) -> None:
    """Until it is mended and looked at again, or somebody says why it must."""
    record = configure(shell, dns, mail_server)
    approved(shell)
    dns.zone.update(in_order(record) | {f"_dmarc.{DOMAIN} TXT": []})
    assert shell("gateway", "check").code == 1
    assert "is not fit to send" in shell("campaign", "preview", "spring.toml").err
    refused = shell("campaign", "enqueue", "Spring")
    assert refused.code == 1
    assert "DMARC of linden.example" in refused.err
    forced = shell.done("campaign", "enqueue", "Spring", "--unfit", "the jury is told by phone")
    assert "DMARC" in forced["unfit"]
    dns.zone.update(in_order(record))
    assert shell.done("gateway", "check")["healthy"]
    assert shell.done("campaign", "enqueue", "Spring", "--key", "again")["unfit"] == ""


def test_a_domain_nobody_looked_at_is_pointed_out(
    shell: Shell, dns: DnsServer, mail_server: int
) -> None:
    """The campaign goes, and the command that looks is named; in safe mode nothing is said."""
    configure(shell, dns, mail_server)
    approved(shell)
    result = shell("campaign", "enqueue", "Spring", "--json")
    assert result.code == 0
    assert "dispatcher gateway check mail" in result.err
    shell.environment.setenv("DISPATCHER_SAFE_MODE", "true")
    assert shell.done("campaign", "enqueue", "Spring", "--key", "safe")["unfit"] == ""


def test_a_server_that_is_away_fails(shell: Shell, dns: DnsServer) -> None:
    """With the words of the outage."""
    record = configure(shell, dns, free_port())
    dns.zone.update(in_order(record))
    result = shell("gateway", "check", "--domain", DOMAIN, "--json")
    assert result.code == 1
    assert "cannot be reached" in json.dumps(result.json())


def test_a_provider_is_called_without_a_message(shell: Shell) -> None:
    """Where nobody listens, the check says so before a campaign would."""
    shell.write(
        "dispatcher.toml",
        'safe_mode = false\n[gateways.sms]\nkind = "telnyx"\napi_key = "k"\n'
        'base_url = "http://127.0.0.1:1"\n',
    )
    result = shell("gateway", "check", "sms")
    assert result.code != 0
    assert "127.0.0.1:1" in result.out
    assert "takes no call" in result.out
