"""Clocks: whether database, machine and the time that really passed tell the same.

Hours hang on what time it is, and a clock that jumps (a slip of the hand, a bad time server, a
restored machine) makes night of day. Who cannot know the time hands nothing over.
"""

from __future__ import annotations

from collections.abc import Callable

from dispatcher.errors import ClockJumped

APART = 300.0  # seconds that clocks may stand apart; hours are whole minutes, and margins longer


class Clocks:
    """Compares the database's clock with this machine's, and with the time that really passed.

    `server` is the database's clock now, in Unix seconds and without what the programme's clock is
    ahead: setting that one on purpose is no jump. `wall` gives this machine's clock, `steady`
    seconds that run on whatever anybody sets.
    """

    def __init__(
        self, server: float, wall: Callable[[], float], steady: Callable[[], float]
    ) -> None:
        self._wall, self._steady = wall, steady
        self._began = server - steady()

    def check(self, server: float) -> None:
        """Raise ClockJumped unless all agree; who jumped and jumps back agrees again.

        Slow drift is no jump: each time that all agree is what the next one is measured by.
        """
        jumped = server - self._steady() - self._began
        apart = server - self._wall()
        worst = max(jumped, apart, key=abs)
        if abs(worst) > APART:
            raise ClockJumped(worst)
        self._began += jumped
