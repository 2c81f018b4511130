"""A private Kannel: bearerbox, smsbox and a fake SMSC with one phone, each a process of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.requirements import require

FAKE_SMSC = Path("/usr/lib/kannel/test/fakesmsc")
USER, PASSWORD = "shop", "kaPaW7s8"
PATIENCE = 20.0  # seconds for a server to listen


@dataclass(frozen=True)
class Kannel:
    """One that runs: where it takes messages, and what its fake SMSC writes down."""

    sendsms_port: int
    smsc_port: int
    folder: Path

    def handed_over(self) -> str:
        """Give what has reached the fake SMSC, a line a message."""
        return (self.folder / "fakesmsc.log").read_text(errors="replace")

    @contextmanager
    def phone(self, text: str = "") -> Iterator[None]:
        """Connect the SMSC; its phone says a text once, as `from to coding words`, or nothing."""
        count = "1" if text else "0"
        words = text or "+447700900001 70099 text it wants a text even so"
        command = [str(FAKE_SMSC), "-H", "127.0.0.1", "-r", str(self.smsc_port), "-i", "0.05"]
        with (self.folder / "fakesmsc.log").open("ab") as log:
            smsc = subprocess.Popen([*command, "-m", count, words], stdout=log, stderr=log)
            try:
                yield
            finally:
                smsc.kill()
                smsc.wait()


@contextmanager
def kannel(folder: Path, hook: str) -> Iterator[Kannel]:
    """Run a Kannel whose replies go to a hook, given as the beginning of a URL's query."""
    boxes = [shutil.which(name, path="/usr/sbin:/usr/bin") for name in ("bearerbox", "smsbox")]
    found = all(boxes) and FAKE_SMSC.exists()
    require(found, "kannel", "speak to a real Kannel", "apt install kannel kannel-extras")
    admin, inner, sendsms, smsc = _free_ports(4)
    config = folder / "kannel.conf"
    ports = {"admin": admin, "inner": inner, "smsc": smsc, "sendsms": sendsms}
    config.write_text(_CONFIG.format(hook=hook, **ports))
    running: list[subprocess.Popen[bytes]] = []
    try:
        for box, port in zip(boxes, (inner, sendsms), strict=True):
            with (folder / f"{Path(str(box)).name}.log").open("wb") as log:
                running.append(subprocess.Popen([str(box), str(config)], stdout=log, stderr=log))
            _wait_for(port)
        yield Kannel(sendsms, smsc, folder)
    finally:
        for process in reversed(running):
            process.kill()
            process.wait()


def _free_ports(count: int) -> list[int]:
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports


def _wait_for(port: int) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")


_CONFIG = f"""\
group = core
admin-port = {{admin}}
admin-password = not-used
admin-interface = 127.0.0.1
smsbox-port = {{inner}}
box-allow-ip = 127.0.0.1

group = smsc
smsc = fake
smsc-id = fake
port = {{smsc}}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {{sendsms}}
sendsms-interface = 127.0.0.1

group = sendsms-user
username = {USER}
password = {PASSWORD}
concatenation = true
max-messages = 10

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "{{hook}}&from=%p&to=%P&text=%b&coding=%c&id=%I"
"""
