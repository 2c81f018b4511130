"""The first schema: people, permission, campaigns, the hand-over protocol, the way back."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything; the SQL stands beside this file, to be read as SQL."""
    run(Path(__file__).with_suffix(".sql").read_text("utf-8"))


def downgrade() -> None:
    """Drop everything: the whole schema belongs to the product."""
    run("DROP SCHEMA vault CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def run(script: str) -> None:
    """Run a script of many statements, which only the driver itself takes in one piece."""
    op.get_bind().connection.driver_connection.execute(script)
