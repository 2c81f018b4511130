"""Promises about a look at a sending domain: each fault is told with what mends it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dispatcher.domain.findings import Finding, Level
from dispatcher.gateways.email import dmarc
from dispatcher.gateways.email.dkim_keys import Kind, SigningKey, load_key, make_key
from dispatcher.gateways.email.preflight import Sending, preflight
from tests.gateways.email.written_dns import Written

OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL
DOMAIN, RETURNS = "shop.example", "in.shop.example"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    """The key of the gateway, in a file of its own."""
    file = tmp_path_factory.mktemp("keys") / "s1.pem"
    make_key(file, Kind.RSA)
    return load_key(file, DOMAIN, "s1")


def zone(key: SigningKey) -> dict[str, Sequence[str]]:
    """A domain in order."""
    return {
        "in.shop.example TXT": ["v=spf1 ip4:192.0.2.10 -all"],
        "shop.example TXT": ["v=spf1 ip4:192.0.2.10 -all"],
        "s1._domainkey.shop.example TXT": [key.record],
        "_dmarc.shop.example TXT": ["v=DMARC1; p=quarantine; rua=mailto:d@shop.example"],
        "192.0.2.10 PTR": ["mail.shop.example"],
        "mail.shop.example A": ["192.0.2.10"],
        "in.shop.example MX": ["mail.shop.example"],
        "shop.example MX": ["mail.shop.example"],
        "_mta-sts.in.shop.example TXT": ["v=STSv1; id=1"],
        "_smtp._tls.in.shop.example TXT": ["v=TLSRPTv1; rua=mailto:t@shop.example"],
    }


def sending(key: SigningKey, **changes: object) -> Sending:
    """Mail of the shop, signed here."""
    usual: dict = {
        "domain": DOMAIN,
        "returns": RETURNS,
        "keys": (key,),
        "addresses": ("192.0.2.10",),
        "signs": True,
    }
    return Sending(**(usual | changes))


def look(
    what: Sending, records: Mapping[str, Sequence[str]], unknown: Sequence[str] = ()
) -> dict[str, Finding]:
    """What is found, by subject."""
    return {each.subject: each for each in preflight(what, Written(records, unknown))}


def test_a_domain_in_order_is_told_so(key: SigningKey) -> None:
    """Each thing once, and nothing to mend."""
    found = look(sending(key), zone(key))
    assert {each.level for each in found.values()} == {OK}
    assert set(found) == {
        "SPF of in.shop.example",
        "DKIM s1._domainkey.shop.example",
        "DMARC of shop.example",
        "alignment of shop.example",
        "PTR of 192.0.2.10",
        "MX of in.shop.example",
        "MX of shop.example",
        "TLS for mail to in.shop.example",
    }


NOTHING: Sequence[str] = ()
NULL_MX = [""]


@pytest.mark.parametrize(
    ("record", "now", "subject", "level", "told"),
    [
        ("in.shop.example TXT", NOTHING, "SPF of in.shop.example", FAIL, "no SPF record"),
        ("in.shop.example TXT", ["v=spf1", "v=spf1"], "SPF of in.shop.example", FAIL, "2 SPF"),
        ("in.shop.example TXT", ["v=spf1 -all"], "SPF of in.shop.example", FAIL, "not permit"),
        ("in.shop.example TXT", ["v=spf1 +all"], "SPF of in.shop.example", FAIL, "everybody"),
        (
            "in.shop.example TXT",
            ["v=spf1 a:x.x a:y.x a:z.x ip4:192.0.2.10"],
            "SPF of in.shop.example",
            FAIL,
            "lead nowhere",
        ),
        (
            "in.shop.example TXT",
            ["v=spf1 " + "mx " * 11],
            "SPF of in.shop.example",
            FAIL,
            "11 look-ups",
        ),
        ("shop.example TXT", NOTHING, "SPF of shop.example", WARN, "no SPF record"),
        (
            "s1._domainkey.shop.example TXT",
            NOTHING,
            "DKIM s1._domainkey.shop.example",
            FAIL,
            "no record",
        ),
        (
            "s1._domainkey.shop.example TXT",
            ["v=DKIM1; p="],
            "DKIM s1._domainkey.shop.example",
            FAIL,
            "taken back",
        ),
        (
            "s1._domainkey.shop.example TXT",
            ["v=DKIM1; k=ed25519; p=" + b64encode(b"x" * 32).decode()],
            "DKIM s1._domainkey.shop.example",
            FAIL,
            "another key",
        ),
        (
            "s1._domainkey.shop.example TXT",
            ["junk"],
            "DKIM s1._domainkey.shop.example",
            FAIL,
            "no p=",
        ),
        ("_dmarc.shop.example TXT", NOTHING, "DMARC of shop.example", FAIL, "no record"),
        (
            "_dmarc.shop.example TXT",
            ["v=DMARC1; p=none", "v=DMARC1; p=none"],
            "DMARC of shop.example",
            FAIL,
            "2 records",
        ),
        (
            "_dmarc.shop.example TXT",
            ["v=DMARC1; rua=mailto:x@y"],
            "DMARC of shop.example",
            FAIL,
            "no policy",
        ),
        ("192.0.2.10 PTR", NOTHING, "PTR of 192.0.2.10", FAIL, "no name"),
        ("192.0.2.10 PTR", ["other.example"], "PTR of 192.0.2.10", FAIL, "not lead back"),
        ("in.shop.example MX", NOTHING, "MX of in.shop.example", FAIL, "bounces"),
        ("in.shop.example MX", NULL_MX, "MX of in.shop.example", FAIL, "takes no mail"),
        ("in.shop.example MX", ["gone.example"], "MX of in.shop.example", FAIL, "no address"),
        ("shop.example MX", NULL_MX, "MX of shop.example", FAIL, "cannot be answered"),
        (
            "_mta-sts.in.shop.example TXT",
            NOTHING,
            "TLS for mail to in.shop.example",
            OK,
            "no MTA-STS",
        ),
    ],
)
def test_each_fault_is_told_with_its_remedy(
    key: SigningKey, record: str, now: Sequence[str], subject: str, level: Level, told: str
) -> None:
    """One record is wrong, and one finding says so; the others stay as they are."""
    found = look(sending(key), zone(key) | {record: now})
    assert (found[subject].level, told in found[subject].told) == (level, True), found[subject]
    assert found[subject].remedy or level is OK
    others = {each.level for each in found.values() if each.subject != subject}
    assert others == {OK}


def test_the_remedy_is_what_to_type(key: SigningKey) -> None:
    """The record to put into the DNS, word for word."""
    found = look(sending(key), {})
    assert '"v=spf1 ip4:192.0.2.10 ~all"' in found["SPF of in.shop.example"].remedy
    dkim = found["DKIM s1._domainkey.shop.example"].remedy
    assert "s1._domainkey.shop.example. TXT" in dkim
    assert key.record in dkim.replace('" "', "")
    assert '_dmarc.shop.example. TXT "v=DMARC1; p=none' in found["DMARC of shop.example"].remedy


def test_no_answer_is_a_failure_and_the_rest_is_looked_at(key: SigningKey) -> None:
    """Nobody knows, so nothing is taken for granted."""
    found = look(sending(key), zone(key), unknown=["_dmarc.shop.example"])
    assert found["DMARC of shop.example"].level is FAIL
    assert "does not answer" in found["DMARC of shop.example"].told
    assert found["DKIM s1._domainkey.shop.example"].level is OK


@pytest.mark.parametrize(("bits", "level"), [(1024, WARN), (2048, OK)])
def test_a_weak_key_of_the_server_is_advised_against(
    key: SigningKey, bits: int, level: Level
) -> None:
    """Where the server signs, its record is looked at by the selector that was told."""
    made = generate_private_key(public_exponent=65537, key_size=bits).public_key()
    der = made.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = {"esp._domainkey.shop.example TXT": [f"v=DKIM1; p={b64encode(der).decode()}"]}
    theirs = sending(key, keys=(), selectors=("esp",), signs=False)
    found = look(theirs, zone(key) | record)["DKIM esp._domainkey.shop.example"]
    assert found.level is level
    assert f"{bits} bits" in found.told


def test_a_server_that_may_sign_or_not_is_asked_about(key: SigningKey) -> None:
    """Without a selector nobody can know."""
    found = look(sending(key, keys=(), signs=False), zone(key))["DKIM of shop.example"]
    assert (found.level, "dkim_selectors" in found.remedy) == (WARN, True)


def test_a_gateway_that_signs_others_only_fails(key: SigningKey) -> None:
    """It sends nothing for this domain."""
    found = look(sending(key, keys=()), zone(key))["DKIM of shop.example"]
    assert (found.level, "nothing from it is sent" in found.told) == (FAIL, True)


def test_a_key_file_that_others_may_read(tmp_path: Path) -> None:
    """Is told with what closes it."""
    make_key(tmp_path / "k", Kind.ED25519)
    (tmp_path / "k").chmod(0o644)
    key = load_key(tmp_path / "k", DOMAIN, "s1")
    found = look(sending(key), zone(key))
    assert found[f"key file {tmp_path / 'k'}"].remedy == f"chmod 600 {tmp_path / 'k'}"


@pytest.mark.parametrize(
    ("tags", "returns", "signed", "level"),
    [
        ("p=none", "in.shop.example", True, OK),
        ("p=none", "in.shop.example", False, OK),
        ("p=none; aspf=s", "in.shop.example", False, WARN),
        ("p=none; aspf=s", "in.shop.example", True, OK),
        ("p=none; aspf=s", "shop.example", False, OK),
        ("p=none", "esp.example", False, WARN),
        ("p=none", "esp.example", True, OK),
        ("p=none; adkim=s; aspf=s", "esp.example", True, OK),
    ],
)
def test_something_must_speak_for_the_domain_that_people_see(
    key: SigningKey, tags: str, returns: str, signed: bool, level: Level
) -> None:
    """By the return path or a signature, within the organisation or to the letter."""
    unsigned = {} if signed else {"keys": (), "signs": False}
    what = sending(key, returns=returns, **unsigned)
    records = zone(key) | {"_dmarc.shop.example TXT": [f"v=DMARC1; {tags}"]}
    assert look(what, records)["alignment of shop.example"].level is level


def test_a_domain_below_has_the_policy_from_above(key: SigningKey) -> None:
    """The tree is walked upwards; sp= is for what is below."""
    names = Written({"_dmarc.shop.example TXT": ["v=DMARC1; p=reject; sp=none"]})
    found = dmarc.policy_of(names, "news.eu.shop.example")
    assert found is not None
    assert dmarc.policy_word(found, "news.eu.shop.example") == "none"
    assert dmarc.policy_word(found, "shop.example") == "reject"
    assert dmarc.aligned(names, "news.shop.example", "in.shop.example", strict=False)
    assert not dmarc.aligned(names, "news.shop.example", "in.shop.example", strict=True)


def test_customers_of_a_registry_are_not_one(key: SigningKey) -> None:
    """A record of the registry itself (psd=y) joins nobody, and psd=n ends the walk."""
    registry = {
        "_dmarc.uk.example TXT": ["v=DMARC1; p=none; psd=y"],
        "_dmarc.shop.uk.example TXT": ["v=DMARC1; p=none"],
        "_dmarc.other.uk.example TXT": ["v=DMARC1; p=none"],
        "_dmarc.own.shop.uk.example TXT": ["v=DMARC1; p=none; psd=n"],
    }
    names = Written(registry)
    assert dmarc.organisation(names, "a.shop.uk.example") == "shop.uk.example"
    assert not dmarc.aligned(names, "shop.uk.example", "other.uk.example", strict=False)
    assert dmarc.organisation(names, "a.own.shop.uk.example") == "own.shop.uk.example"


def test_the_domain_of_a_provider_is_looked_at_from_the_front_only(key: SigningKey) -> None:
    """Where return paths are not ours, SPF and MX of them are the provider's business."""
    found = look(Sending(DOMAIN), zone(key))
    assert set(found) == {
        "DKIM of shop.example",
        "DMARC of shop.example",
        "alignment of shop.example",
        "MX of shop.example",
    }
