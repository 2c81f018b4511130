"""Replay: give again the decision that was recorded, from its facts and the campaign's policy."""

from __future__ import annotations

from dispatcher.domain.decisions import Decision
from dispatcher.domain.policies import Policy
from dispatcher.rules.book import RuleBook
from dispatcher.rules.decide import decide
from dispatcher.rules.facts import recall


def replay(facts: str, policy: Policy, book: RuleBook) -> Decision:
    """Decide again on recorded facts: same verdict, reason, rule, `until` and `send_before`.

    Person and consent event stand beside the facts in the record; here both are 0. Worth trusting
    only under the rule book of the time: compare its hash before.
    """
    person, now = recall(facts, policy)
    return decide([person], policy, now, book)[0]
