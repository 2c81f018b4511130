"""Promises of the rule book: its hash names the rules that decided."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from dispatcher import domain, rules
from dispatcher.rules.book import GROUND, ORDER, rule_book
from dispatcher.rules.jurisdictions import Law, Profile
from tests.support.rules import BOOK, LAW

FOLDERS = (Path(rules.__file__).parent, Path(domain.__file__).parent)

# What each version of each module decides by. When a test here fails, a rule's code has changed:
# if what it decides may have changed as well, raise its VERSION; then note the new fingerprint.
FINGERPRINTS: dict[tuple[str, int], str] = {
    ("addressable", 2): "251e50c52209",
    ("left_audience", 1): "193f0ff93113",
    ("offer_window", 1): "ea7f1273bc41",
    ("suppression", 1): "56fe37cdb4c8",
    ("consent", 3): "007e1a5b449e",
    ("sender", 1): "bacebbd22373",
    ("holdout", 1): "b3d721386314",
    ("attempts", 1): "0efa17b62ad1",
    ("context_hold", 1): "2b77aec03623",
    ("worth_it", 1): "785d803bec88",
    ("reminder", 1): "85dc72f62e31",
    ("reconfirm", 1): "b6903556a5a5",
    ("quiet_hours", 5): "f0cd6e21ea64",
    ("echo", 1): "98b236f78a9b",
    ("frequency_cap", 3): "a3947e47c470",
    ("cool_down", 2): "0b18fb738a94",
    ("fatigue", 1): "00f70917d091",
    ("consent_terms", 2): "9658d2f9acfe",
    ("hours", 3): "ed3baec58150",
    ("permitted_hours", 1): "957769d47ccd",
    ("jurisdiction_overrides", 1): "f5884c03fb13",
    ("holding", 2): "d844a598ccb0",
    ("asked_for", 1): "27316eb7a9c1",
    ("possible_zones", 1): "1941410cb216",
}


def fingerprint(source: str) -> str:
    """Give a digest of code without its comments, docstrings and layout."""
    digest = hashlib.sha256()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
        words = [
            value for _, value in ast.iter_fields(node) if isinstance(value, (str, int, float))
        ]
        digest.update(f"{type(node).__name__}{words}".encode())
    return digest.hexdigest()[:12]


@pytest.mark.parametrize(
    ("name", "version"), [*((rule.name, rule.version) for rule in ORDER), *GROUND]
)
def test_no_rule_changes_under_the_same_version(name: str, version: int) -> None:
    """Two decisions with the same book hash were made by the same code."""
    found = next(folder / f"{name}.py" for folder in FOLDERS if (folder / f"{name}.py").exists())
    source = found.read_text(encoding="utf-8")
    assert FINGERPRINTS.get((name, version)) == fingerprint(source)


def test_the_hash_is_sixteen_hex_digits_and_hangs_on_everything() -> None:
    """Another name, version or byte of data gives another hash."""
    assert len(BOOK.hash) == 16
    assert int(BOOK.hash, 16) >= 0
    books = [
        rule_book(LAW, "a", "1"),
        rule_book(LAW, "b", "1"),
        rule_book(LAW, "a", "2"),
        rule_book(LAW._replace(profile=Profile.STRICT), "a", "1"),
        rule_book(Law(replace(LAW.jurisdictions, fingerprint="another")), "a", "1"),
    ]
    assert len({book.hash for book in books}) == 5
    assert rule_book(LAW).hash == BOOK.hash


def test_each_rule_is_found_under_its_own_name() -> None:
    """The rule `x` is the function `x` in `x.py`."""
    for rule in ORDER:
        assert rule.judge.__name__ == rule.name
        assert rule.judge.__module__ == f"dispatcher.rules.{rule.name}"
