"""A Postfix of its own for a test: TLS, a login, mailboxes in a folder, as Debian installs it."""

from __future__ import annotations

import asyncio
import base64
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from dispatcher.embedded.processes import free_port
from tests.servers.certificates import make_certificate
from tests.support.patience import eventually
from tests.support.requirements import require

LOGIN = ("offers", "correct horse")
SIZE = 60_000
DOMAINS = "example.com example.net xn--bcher-kva.example"

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
maillog_file = /dev/stdout
maillog_file_prefixes = /dev
myhostname = mail.test
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
alias_maps =
smtputf8_enable = yes
message_size_limit = {size}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {certificate}
smtpd_tls_security_level = encrypt
smtpd_tls_loglevel = 0
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {folder}/auth
smtpd_relay_restrictions =
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{plain} inet n - n - - smtpd
  -o smtpd_discard_ehlo_keywords=8bitmime,smtputf8
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running one. `port` takes everything, `narrow` neither 8BITMIME nor SMTPUTF8."""

    port: int
    narrow: int
    certificate: Path
    box: Path

    def mails(self, count: int) -> dict[str, bytes]:
        """Wait until so many mails are there; give them by whom they were for, and the box bare."""
        deadline = time.monotonic() + 60
        files: list[Path] = []
        while len(files) < count:
            assert time.monotonic() < deadline, f"only {len(files)} of {count} mails came"
            time.sleep(0.02)
            files = sorted(self.box.glob("new/*"))
        found = [file.read_bytes() for file in files]
        for file in files:
            file.unlink()
        return dict(map(_unwrapped, found))


def _unwrapped(mail: bytes) -> tuple[str, bytes]:
    """Take off what Postfix put before our headers, and give the mail with CRLF again."""
    lines = mail.split(b"\n")
    [to] = [line.partition(b": ")[2] for line in lines if line.startswith(b"Delivered-To")][:1]
    while lines[0].startswith((b"Return-Path", b"X-Original", b"Delivered-To", b"Received", b"\t")):
        del lines[0]
    return to.decode(), b"\r\n".join(lines)


@contextmanager
def postfix() -> Iterator[Postfix]:
    """Run Postfix; skips where it cannot run."""
    program = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    require(program, "Postfix", "hand mail to a real mail server", "apt install postfix")
    require(os.getuid() == 0, "the right of root", "start Postfix", "sudo ./dispatch test")
    with TemporaryDirectory(prefix="postfix-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        ports = (free_port(), free_port())
        certificate = _lay_out(folder, *ports)
        with _knows_the_password(folder / "auth"):
            subprocess.run([str(program), "-c", folder / "etc", "check"], check=True, cwd="/")
            command = ["/usr/lib/postfix/sbin/master", "-d", "-c", str(folder / "etc")]
            process = subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL)
            try:
                assert all(eventually(partial(_listens, port)) for port in ports)
                yield Postfix(*ports, certificate, folder / "mail" / "box")
            finally:
                process.terminate()
                process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _lay_out(folder: Path, port: int, narrow: int) -> Path:
    user = pwd.getpwnam("postfix")
    for name in ("etc", "queue", "data", "mail"):
        (folder / name).mkdir()
    for name in ("data", "mail"):
        os.chown(folder / name, user.pw_uid, user.pw_gid)
    certificate = make_certificate(folder)
    settings = _MAIN.format(
        folder=folder, certificate=certificate, uid=user.pw_uid, size=SIZE, domains=DOMAINS
    )
    (folder / "etc" / "main.cf").write_text(settings)
    (folder / "etc" / "master.cf").write_text(_MASTER.format(port=port, plain=narrow))
    return certificate


@contextmanager
def _knows_the_password(place: Path) -> Iterator[None]:
    """Answer Postfix who may log in, as Dovecot does (its authentication protocol, version 1.1)."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_unix_server(_answer, place))
    place.chmod(0o666)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    greeting = (
        "VERSION\t1\t1",
        "MECH\tPLAIN\tplaintext",
        "SPID\t1",
        "CUID\t1",
        "COOKIE\t0",
        "DONE",
    )
    writer.write("".join(f"{line}\n" for line in greeting).encode())
    while line := await reader.readline():
        words = line.decode().rstrip("\n").split("\t")
        if words[0] == "AUTH":
            given = next(word for word in words if word.startswith("resp="))[5:]
            _, user, password = base64.b64decode(given).decode().split("\0")
            verdict = "OK" if (user, password) == LOGIN else "FAIL"
            writer.write(f"{verdict}\t{words[1]}\tuser={user}\n".encode())
    writer.close()
