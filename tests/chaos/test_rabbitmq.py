"""A campaign over RabbitMQ with quorum queues, whose broker is killed on the way."""

from __future__ import annotations

import pytest

from bench.rabbitmq import program
from tests.chaos.test_chaos import chaos
from tests.support.requirements import require

OUTSIDE = "bells doubled,broker,bells lost,broker"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_broker_killed_twice_costs_nobody_a_message() -> None:
    """Bells are doubled and lost, and the broker comes back twice: everybody is told once."""
    require(program(), "rabbitmq-server", "try quorum queues", "apt-get install rabbitmq-server")
    words = ("--broker", "rabbitmq", "--people", "120", "--kills", "0", "--seed", "5")
    code, found = chaos(*words, "--faults", OUTSIDE)
    assert (code, found["broken"]) == (0, [])
    assert found["faults"] == {
        "bells rung tenfold": 1,
        "broker killed and restarted": 2,
        "all bells lost": 1,
    }
    assert not found["most_on_the_wire"]
