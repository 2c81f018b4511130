"""The rule book of tests: the rules of this build on the rule data that is shipped."""

from __future__ import annotations

from dispatcher.rules.book import rule_book
from dispatcher.rules.jurisdictions import Law
from dispatcher.services.jurisdictions import shipped

LAW = Law(shipped())
BOOK = rule_book(LAW)
