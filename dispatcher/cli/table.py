"""Every command with its one-line help and the module it lives in: the table of contents."""

from __future__ import annotations

from typing import NamedTuple

START = "Start here"
WORK = "Customers and campaigns"
ASK = "Look into it"
RUN = "Run it"
MACHINE = "This machine's database and broker"


class Entry(NamedTuple):
    """One word after `dispatcher`. A `group` has commands of its own under that word."""

    module: str
    help: str
    panel: str
    group: bool = False
    hidden: bool = False


# The help is here as well as in the modules, so that `dispatcher --help` need not import the
# database, the gateways and Celery to list what they offer; a test compares the two.
COMMANDS: dict[str, Entry] = {
    "demo": Entry("dispatcher.cli.demo", "Show everything on a made-up programme.", START),
    "init": Entry(
        "dispatcher.cli.init", "Write settings, keys, a programme and a first campaign here.", START
    ),
    "doctor": Entry("dispatcher.cli.doctor", "Check whether everything is in place.", START),
    "customer": Entry("dispatcher.cli.customer", "People and what they agreed to.", WORK, True),
    "campaign": Entry("dispatcher.cli.campaign", "Offers, from a file to a report.", WORK, True),
    "halt": Entry("dispatcher.cli.halt", "Stop sending at once: all, or a part.", WORK),
    "reply": Entry("dispatcher.cli.reply", "Take a reply as if it had come by SMS.", WORK),
    "mail": Entry("dispatcher.cli.mail", "Mail that comes back: bounces, complaints.", RUN, True),
    "gateway": Entry(
        "dispatcher.cli.gateway", "The ways out: how they are, what comes back on them.", RUN, True
    ),
    "explain": Entry("dispatcher.cli.explain", "Say why somebody got a message, or not.", ASK),
    "hours": Entry("dispatcher.cli.hours", "Say when offers may be sent to a country.", ASK),
    "limits": Entry("dispatcher.cli.limits", "Say how each limit stands, and what is left.", ASK),
    "sandbox": Entry(
        "dispatcher.cli.sandbox",
        "Say where the sandbox's mailbox and phones are; whoever knows it may read all of them.",
        ASK,
    ),
    "simulate": Entry(
        "dispatcher.cli.simulate",
        "Decide through a made-up year, and have each decision checked.",
        ASK,
    ),
    "consent": Entry("dispatcher.cli.consent", "The record of what people agreed to.", ASK, True),
    "audit": Entry(
        "dispatcher.cli.audit", "Look into the record, or prove what is in it.", ASK, True
    ),
    "unsure": Entry("dispatcher.cli.unsure", "Messages nobody knows the fate of.", ASK, True),
    "worker": Entry("dispatcher.cli.processes", "Run a worker that plans and sends.", RUN),
    "beat": Entry("dispatcher.cli.processes", "Run the clock that rings each second.", RUN),
    "web": Entry("dispatcher.cli.processes", "Run the web pages and hooks.", RUN),
    "migrate": Entry("dispatcher.cli.migrate", "Bring the database to the newest schema.", RUN),
    "clock": Entry(
        "dispatcher.cli.clock", "Set the programme's clock ahead, in safe mode.", RUN, hidden=True
    ),
    "up": Entry(
        "dispatcher.cli.stack",
        "Start database, broker, workers, beat and web pages; Ctrl-C stops them all.",
        MACHINE,
    ),
    "down": Entry(
        "dispatcher.cli.stack",
        "Stop the stack, wherever it was started; work in hand is finished first.",
        MACHINE,
    ),
    "status": Entry(
        "dispatcher.cli.stack", "Say what runs; the exit code is 3 when nothing does.", MACHINE
    ),
    "logs": Entry("dispatcher.cli.stack", "Show the last lines of the logs.", MACHINE),
    "backup": Entry(
        "dispatcher.cli.stack",
        "Write the database and the settings into one file; the stack may run meanwhile.",
        MACHINE,
    ),
    "restore": Entry(
        "dispatcher.cli.stack",
        "Put a backup in the place of the present database; the stack must be down.",
        MACHINE,
    ),
    "reset": Entry(
        "dispatcher.cli.stack",
        "Remove the private database, its logs and the broker's files; settings and keys stay.",
        MACHINE,
    ),
}
