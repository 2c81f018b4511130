"""Campaigns: what is approved is what is sent, once, and stops when told to."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dispatcher.campaign_files.reader import read
from dispatcher.domain.campaigns import CampaignState
from dispatcher.errors import Conflict, NotFound
from dispatcher.services import campaigns
from dispatcher.storage import brands, clock, halts, wave_starts
from dispatcher.storage import campaigns as stored
from dispatcher.storage.database import Database
from tests.support.campaigns import FEW, GOOD, checked

# The example runs in December 2026 whatever today is: tests set the programme's clock to this.
BEFORE = 1_795_000_000.0


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    turn_clock(database, BEFORE)
    yield database
    database.dispose()


def turn_clock(database: Database, to: float) -> None:
    with database.begin() as conn:
        conn.execute(text("UPDATE clock SET ahead = '0'"))
        clock.set_ahead(conn, timedelta(seconds=to - clock.now(conn)))


def count(database: Database, table: str, where: str = "true") -> int:
    with database.begin() as conn:
        return int(conn.execute(text(f"SELECT count(*) FROM {table} WHERE {where}")).scalar_one())


def running(database: Database) -> campaigns.Enqueued:
    campaigns.approve(database, checked(), "mia")
    return campaigns.enqueue(database, "Coffee week", "mia", care=FEW)


def test_approval_pins_file_template_and_policy(database: Database) -> None:
    """The version that comes back from the database is exactly what was in the file."""
    approved = campaigns.approve(database, checked(), "mia")
    with database.begin() as conn:
        loaded = stored.load_version(conn, approved.version.id)
        assert brands.load(conn, "northwind") == checked().file.spec.brand
    assert loaded == approved.version
    assert loaded.spec.policy.campaign_id == approved.campaign.id
    assert loaded.spec.policy.caps == checked().file.spec.policy.caps
    assert loaded.template == checked().template
    assert (approved.campaign.state, approved.new) == (CampaignState.APPROVED, True)


def test_approving_an_unchanged_file_again_changes_nothing(database: Database) -> None:
    """The same version comes back, and one line of audit stays one line."""
    first = campaigns.approve(database, checked(), "mia")
    again = campaigns.approve(database, checked(GOOD + "\n# a comment\n"), "ben")
    assert (again.version, again.new) == (first.version, False)
    assert count(database, "campaign_version") == 1
    assert count(database, "audit", "action = 'approve'") == 1


def test_a_changed_file_becomes_another_version(database: Database) -> None:
    """The old version stays as it was; the new one has the next number."""
    first = campaigns.approve(database, checked(), "mia")
    changed = checked(GOOD.replace("Two bags for one", "Three bags for two"))
    second = campaigns.approve(database, changed, "mia")
    assert [first.version.no, second.version.no] == [1, 2]
    with database.begin() as conn:
        assert stored.load_version(conn, first.version.id) == first.version


def test_an_approved_version_cannot_be_changed(database: Database) -> None:
    """The database refuses, and a version changed behind its back is noticed on loading."""
    version = campaigns.approve(database, checked(), "mia").version
    change = "UPDATE campaign_version SET spec = jsonb_set(spec, '{priority}', '9')"
    with pytest.raises(DBAPIError, match="append-only"), database.begin() as conn:
        conn.execute(text(change))
    with database.begin() as conn:
        conn.execute(text("ALTER TABLE campaign_version DISABLE TRIGGER ALL"))
        conn.execute(text(change))
        with pytest.raises(Conflict, match="not what was approved"):
            stored.load_version(conn, version.id)


def test_a_name_belongs_to_one_brand(database: Database) -> None:
    """A file of another brand cannot take over a campaign by its name."""
    campaigns.approve(database, checked(), "mia")
    other = checked(GOOD.replace('id = "northwind"', 'id = "southwind"'))
    with pytest.raises(Conflict, match="choose another name"):
        campaigns.approve(database, other, "mia")


def test_enqueueing_makes_one_wave_and_its_partitions(database: Database) -> None:
    """The wave waits for planning, of the approved version, in the campaign's weight."""
    enqueued = running(database)
    assert (enqueued.new, enqueued.campaign.state) == (True, CampaignState.RUNNING)
    with database.begin() as conn:
        wave = conn.execute(text("SELECT * FROM wave")).one()
        conn.execute(
            text("INSERT INTO audience VALUES (:wave, 0, 0, 1)"), {"wave": enqueued.wave_id}
        )
    assert (wave.id, wave.state, wave.version_id) == (
        enqueued.wave_id,
        "planning",
        enqueued.version.id,
    )
    assert wave.closes_at.timestamp() == enqueued.version.spec.policy.ends_at


def test_enqueueing_twice_is_one_wave(database: Database) -> None:
    """The same key is the same wave; another key is another run."""
    first = running(database)
    again = campaigns.enqueue(database, "Coffee week", "mia", care=FEW)
    other = campaigns.enqueue(database, "Coffee week", "mia", key="second run", care=FEW)
    assert (again.wave_id, again.new) == (first.wave_id, False)
    assert other.new
    assert other.wave_id > first.wave_id
    assert count(database, "wave") == 2


def test_enqueueing_at_once_from_many_places_is_one_wave(database: Database) -> None:
    """Eight hands on the button make one wave, and exactly one of them made it."""
    campaigns.approve(database, checked(), "mia")

    def press(hand: int) -> campaigns.Enqueued:
        return campaigns.enqueue(database, "Coffee week", f"hand {hand}", care=FEW)

    with ThreadPoolExecutor(8) as hands:
        waves = list(hands.map(press, range(8)))
    assert len({wave.wave_id for wave in waves}) == 1
    assert sum(wave.new for wave in waves) == 1


def test_what_is_not_approved_cannot_be_enqueued(database: Database) -> None:
    """An unknown name is not found; a campaign can be named by its number too."""
    with pytest.raises(NotFound, match="there is no campaign"):
        campaigns.enqueue(database, "Coffee week", "mia", care=FEW)
    approved = campaigns.approve(database, checked(), "mia")
    assert campaigns.enqueue(database, str(approved.campaign.id), "mia", care=FEW).new


def test_a_stale_schedule_does_not_fire(database: Database) -> None:
    """Once the offer has ended it can be neither approved nor enqueued."""
    campaigns.approve(database, checked(), "mia")
    turn_clock(database, checked().file.spec.policy.ends_at)
    with pytest.raises(Conflict, match="the offer ended at 2026-12-08 00:00 UTC"):
        campaigns.enqueue(database, "Coffee week", "mia", care=FEW)
    with pytest.raises(Conflict, match="cannot be approved"):
        campaigns.approve(database, checked(GOOD.replace("beans", "leaves")), "mia")
    assert count(database, "wave") == 0


@pytest.mark.parametrize("scope", ["all", "brand:northwind", "campaign"])
def test_what_is_halted_cannot_be_enqueued(database: Database, scope: str) -> None:
    """A halt on everything, the brand or the campaign refuses, until it is lifted."""
    approved = campaigns.approve(database, checked(), "mia")
    scope = f"campaign:{approved.campaign.id}" if scope == "campaign" else scope
    assert campaigns.halt(database, scope, "ben")
    assert not campaigns.halt(database, scope, "ben")
    with pytest.raises(Conflict, match=f'"{scope}" was halted by ben'):
        campaigns.enqueue(database, "Coffee week", "mia", care=FEW)
    assert campaigns.lift(database, scope, "ben")
    assert not campaigns.lift(database, scope, "ben")
    assert campaigns.enqueue(database, "Coffee week", "mia", care=FEW).new


def test_other_halts_do_not_matter(database: Database) -> None:
    """Another brand's halt and a gateway's leave this campaign alone."""
    campaigns.halt(database, "brand:southwind", "ben")
    campaigns.halt(database, "gateway:smtp", "ben")
    assert running(database).new
    with database.begin() as conn:
        assert [halt.scope for halt in halts.standing(conn)] == ["brand:southwind", "gateway:smtp"]


def test_only_what_exists_can_be_halted(database: Database) -> None:
    """A mistyped scope must not look like a halt."""
    with pytest.raises(NotFound, match="campaign:7"):
        campaigns.halt(database, "brands", "ben")


def test_each_narrowing_tells_running_workers_in_its_own_transaction(database: Database) -> None:
    """Pause, cancel and halt each leave a withdrawal with their scope."""
    campaign = running(database).campaign
    campaigns.pause(database, "Coffee week", "mia", "too many replies")
    campaigns.cancel(database, "Coffee week", "mia")
    campaigns.halt(database, "gateway:smtp", "mia")
    with database.begin() as conn:
        scopes = conn.execute(text("SELECT scope FROM withdrawal ORDER BY at")).scalars().all()
    assert scopes == [f"campaign:{campaign.id}", f"campaign:{campaign.id}", "gateway:smtp"]


def test_a_campaign_pauses_resumes_and_is_cancelled(database: Database) -> None:
    """Each step says why, can be repeated, and is in the audit trail."""
    running(database)
    paused = campaigns.pause(database, "Coffee week", "mia", "too many replies")
    assert (paused.state, paused.note) == (CampaignState.PAUSED, "too many replies")
    assert campaigns.pause(database, "Coffee week", "mia") == paused
    assert campaigns.resume(database, "Coffee week", "mia").state is CampaignState.RUNNING
    assert campaigns.cancel(database, "Coffee week", "mia").state is CampaignState.CANCELLED
    with database.begin() as conn:
        acts = conn.execute(text("SELECT action FROM audit ORDER BY id")).scalars().all()
    assert acts == ["approve", "enqueue", "pause", "pause", "resume", "cancel"]


def test_what_the_state_forbids_is_a_conflict(database: Database) -> None:
    """Nobody resumes what was cancelled or pauses what never ran."""
    campaigns.approve(database, checked(), "mia")
    with pytest.raises(Conflict, match="is approved; only one that is running can become paused"):
        campaigns.pause(database, "Coffee week", "mia")
    campaigns.cancel(database, "Coffee week", "mia")
    for act in (campaigns.resume, campaigns.enqueue):
        with pytest.raises(Conflict, match="is cancelled"):
            act(database, "Coffee week", "mia")
    with pytest.raises(Conflict, match="was cancelled; choose another name"):
        campaigns.approve(database, checked(), "mia")


def test_a_paused_campaign_is_resumed_not_enqueued(database: Database) -> None:
    """Another wave must not undo a pause."""
    running(database)
    campaigns.pause(database, "Coffee week", "mia")
    with pytest.raises(Conflict, match="is paused"):
        campaigns.enqueue(database, "Coffee week", "mia", key="again", care=FEW)


def test_a_copy_is_the_same_file_under_another_name(database: Database) -> None:
    """Comments and order stay; only the name is new, whatever letters it has."""
    campaigns.approve(database, checked(GOOD + "# the end\n"), "mia")
    name = 'Coffee "week" \\ 2'
    copy = campaigns.clone(database, "Coffee week", name)
    assert read(copy.encode(), "copy.toml").spec.name == name
    assert copy.splitlines()[2:] == [*GOOD.splitlines()[2:], "# the end"]


def test_a_copy_of_an_unusual_file_is_left_to_people(database: Database) -> None:
    """A name that shares its line with something else is not rewritten by force."""
    table = '[campaign]\nname = "Coffee week"\ntemplate = "beans"\nchannels = ["email", "sms"]\n'
    inline = 'campaign = {name = "Tea", template = "beans", channels = ["email", "sms"]}\n'
    campaigns.approve(database, checked(GOOD.replace(table, inline)), "mia")
    with pytest.raises(Conflict, match="copy it by hand"):
        campaigns.clone(database, "Tea", "Tea 2")


def test_waves_are_numbered_upwards(database: Database) -> None:
    """Should the wall's clock be set back, the next wave still comes after the last."""
    enqueued = running(database)
    with database.begin() as conn:
        far = enqueued.wave_id + (5 << 40)
        conn.execute(text("UPDATE wave SET id = :far"), {"far": far})
        assert wave_starts.start(conn, enqueued.version, "next").wave_id == far + 1
