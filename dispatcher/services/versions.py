"""Campaign versions at hand: immutable, so each is read once a process and compiled once."""

from __future__ import annotations

from collections import OrderedDict

from sqlalchemy import Connection

from dispatcher.domain.campaigns import CampaignVersion
from dispatcher.storage import campaigns

_KEEP = 64


class Versions:
    """The versions this process met last."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, CampaignVersion] = OrderedDict()

    def get(self, conn: Connection, version_id: int) -> CampaignVersion:
        """Give a version, from memory where possible."""
        if version_id not in self._known:
            self._known[version_id] = campaigns.load_version(conn, version_id)
            if len(self._known) > _KEEP:
                self._known.popitem(last=False)
        self._known.move_to_end(version_id)
        return self._known[version_id]
