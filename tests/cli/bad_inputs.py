"""The table of broken inputs: what is typed, what is prepared for it, and what must be said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field

from dispatcher.resources import templates_folder
from tests.cli.shell import Shell, campaign_text

Prepare = Callable[[Shell], object]
FILE = "spring.toml"
KEY = "ab" * 32


@dataclass(frozen=True)
class Case:
    """One broken input. `says`: what the message must hold, the place and the remedy among it."""

    name: str
    words: tuple[str, ...]
    code: int
    says: tuple[str, ...]
    prepare: Prepare = field(default=lambda shell: None)


def case(name: str, words: str | tuple[str, ...], code: int, *says: str, **how: Prepare) -> Case:
    """Write a case; words in one string have no spaces inside."""
    split = tuple(words.split()) if isinstance(words, str) else words
    return Case(name, split, code, says, **how)


def campaign_file(content: str | bytes) -> Prepare:
    """Let there be this campaign file."""
    return lambda shell: shell.write(FILE, content)


def changed(**changes: str) -> Prepare:
    """Let there be a campaign file that is right but for these lines."""
    return lambda shell: shell.write(FILE, campaign_text(**changes))


def people(content: str | bytes) -> Prepare:
    """Let there be this file of customers."""
    return lambda shell: shell.write("people.csv", content)


def environment(**values: str) -> Prepare:
    """Let the environment say this."""

    def prepare(shell: Shell) -> None:
        for name, value in values.items():
            shell.environment.setenv(name, value)

    return prepare


def toml(content: str) -> Prepare:
    """Let there be this settings file."""
    return lambda shell: shell.write("dispatcher.toml", content)


def template(name: str, words: str) -> Prepare:
    """Let there be a template of our own whose text message in English is this."""

    def prepare(shell: Shell) -> None:
        folder = shell.folder / "templates" / name
        shutil.copytree(templates_folder() / "coffee-week", folder)
        (folder / "en" / "sms.txt").write_text(words)
        shell.write(FILE, campaign_text(template=f'template = "{name}"'))

    return prepare


def line_of(key: str) -> str:
    """Where a key stands in a campaign file that is right."""
    lines = campaign_text().split("\n")
    at = next(at for at, line in enumerate(lines, 1) if line.startswith(f"{key} = "))
    return f"{FILE}:{at}:"


def other_keys(shell: Shell) -> None:
    """Have the keys of another installation."""
    shell.write("elsewhere/keys", f"{KEY}\n")
    shell.environment.setenv("DISPATCHER_HOME", "elsewhere")


def broken_keys(shell: Shell) -> None:
    """Have a key file that somebody has edited."""
    shell.write("elsewhere/keys", "not hexadecimal\n")
    shell.environment.setenv("DISPATCHER_HOME", "elsewhere")


VALIDATE = ("campaign", "validate", FILE)
APPROVE = ("campaign", "approve", FILE)
IMPORT = ("customer", "import", "people.csv")
ADD = ("customer", "add", "--email", "ben@example.com")
OPT_IN = ("customer", "opt-in", "anna@example.com", "--topic", "tea", "--source", "a form")
HEAD = "email,first_name,topics\n"

WORDS = (
    case("unknown command", "campain list", 2, "Did you mean 'campaign'", "--help"),
    case("unknown inner command", "campaign lst", 2, "Did you mean 'list'"),
    case("unknown option", "campaign list --jsn", 2, "--jsn", "--help"),
    case("missing argument", "campaign enqueue", 2, "'which'", "campaign enqueue --help"),
    case("group alone", "customer", 2, "Say what to do: import,"),
    case("unknown queue", "worker --queue dispatch.fax", 2, "dispatch.sms"),
    case("unknown pool", "worker --pool swimming", 2, "prefork, threads or solo"),
    case("no text", ("customer", "show", "\udcff"), 2, "UTF-8"),
    case("port too high", "web --port 70000", 2, "--port"),
)

SETTINGS = (
    case(
        *("broken settings", "campaign list", 2, "dispatcher.toml", "line 1"),
        prepare=toml("safe_mode = = true"),
    ),
    case(
        *("unknown setting", "campaign list", 2, "safe_mod", "dispatcher.toml"),
        prepare=toml("safe_mod = true"),
    ),
    case(
        *("setting of a wrong kind", "campaign list", 2, "safe_mode", "dispatcher.toml"),
        prepare=toml('safe_mode = "perhaps"'),
    ),
    case(
        *("gateway without kind", "campaign list", 2, "gateways.mail.kind"),
        prepare=toml('[gateways.mail]\nhost = "x"'),
    ),
    case(
        *("gateway of an unknown kind", ("campaign", "test", "Known", "anna@example.com"), 2),
        *("gateways.mail.kind", 'did you mean "smtp"'),
        prepare=toml('safe_mode = false\n[gateways.mail]\nkind = "smpt"\nchannel = "email"'),
    ),
    case(
        *("gateway with an unknown option", ("campaign", "test", "Known", "anna@example.com"), 2),
        *("gateways.mail", "prot", "port"),
        prepare=toml('safe_mode = false\n[gateways.mail]\nkind = "smtp"\nhost = "x"\nprot = 25'),
    ),
    case(
        *("unreachable database", "campaign list", 1, "does not answer", "DATABASE_URL"),
        prepare=environment(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"),
    ),
    case(
        *("another kind of database", "campaign list", 2, "DATABASE_URL", "postgresql://"),
        prepare=environment(DATABASE_URL="mysql://root:secret@127.0.0.1/db"),
    ),
    case(
        *("address that cannot be read", "campaign list", 2, "DATABASE_URL"),
        prepare=environment(DATABASE_URL="postgresql://x@host:not-a-port/db"),
    ),
    case(
        *("no database at all", "campaign list", 2, "DATABASE_URL", "dispatcher up"),
        prepare=environment(DATABASE_URL=""),
    ),
    case("keys of another", "campaign list", 2, "do not belong", "restore", prepare=other_keys),
    case("broken keys", "campaign list", 2, "elsewhere/keys", "restore", prepare=broken_keys),
    case(
        *("keys too short", "campaign list", 2, "DISPATCHER_KEYS", "hexadecimal"),
        prepare=environment(DISPATCHER_KEYS='["abcd"]'),
    ),
)

CAMPAIGNS = (
    case("broken TOML", VALIDATE, 2, f"{FILE}:2:", prepare=campaign_file("[campaign]\nname = = 1")),
    case("missing field", VALIDATE, 2, f"{FILE}:3:", "template", prepare=changed(template="")),
    case(
        *("misspelt key", VALIDATE, 2, line_of("template"), 'did you mean "template"'),
        prepare=changed(template='tempalte = "coffee-week"'),
    ),
    case(
        *("unknown template", VALIDATE, 2, line_of("template"), 'did you mean "coffee-week"'),
        prepare=changed(template='template = "cofee-week"'),
    ),
    case(
        *("unknown gateway", VALIDATE, 2, f"{FILE}:", 'did you mean "email"'),
        prepare=campaign_file(campaign_text() + '\n[gateways]\nemail = "emial"\n'),
    ),
    case(
        *("unknown channel", VALIDATE, 2, line_of("channels"), "email", "sms"),
        prepare=changed(channels='channels = ["fax"]'),
    ),
    case(
        *("line break in a name", VALIDATE, 2, line_of("name")),
        prepare=changed(name='name = "Spring\\r\\nBcc: all@example.com"'),
    ),
    case(
        *("time without a zone", VALIDATE, 2, line_of("ends"), "Z"),
        prepare=changed(ends="ends = 2030-01-01T00:00:00"),
    ),
    case(
        *("negative throttle", VALIDATE, 2, f"{FILE}:", "per minute"),
        prepare=changed(start='throttle = "-5 per minute"'),
    ),
    case(
        *("end before start", VALIDATE, 2, line_of("ends"), "only starts"),
        prepare=changed(start="start = 2090-01-01T00:00:00Z"),
    ),
    case(
        *("hours that never open", VALIDATE, 2, line_of("hours"), "never open"),
        prepare=changed(hours='hours = "09:00-09:00"'),
    ),
    case(
        *("most people kept back", VALIDATE, 2, f"{FILE}:", "50"),
        prepare=changed(topic='topic = "coffee"\nholdout = "80 %"'),
    ),
    case(
        *("missing translation", VALIDATE, 2, "coffee-week", "it"),
        prepare=changed(languages='languages = ["it"]'),
    ),
    case(
        *("not UTF-8", VALIDATE, 2, line_of("headline"), "UTF-8"),
        prepare=campaign_file(campaign_text(headline='headline = "Café"').encode("cp1252")),
    ),
    case("zero bytes", VALIDATE, 2, f"{FILE}:", prepare=campaign_file(b"\0" * 100)),
    case("too large", VALIDATE, 2, f"{FILE}:1:", prepare=campaign_file("# x\n" * 300_000)),
    case("one endless line", VALIDATE, 2, f"{FILE}:1:", prepare=campaign_file("x" * 10_000_000)),
    case("empty", VALIDATE, 2, f"{FILE}:1:", prepare=campaign_file("")),
    case("a folder", "campaign validate .", 2, ".:1:", "folder"),
    case("no such file", VALIDATE, 2, f"{FILE}:1:", "spelt right"),
    case(
        *("below a file", f"campaign validate {FILE}/x.toml", 2, "cannot be read"),
        prepare=campaign_file(""),
    ),
    case(
        *("endless template", VALIDATE, 2, "endless/en/sms.txt:1"),
        prepare=template("endless", "{% for a in range(9999999) %}{% endfor %} STOP"),
    ),
    case(
        *("memory-eating template", VALIDATE, 2, "huge/en/sms.txt:1"),
        prepare=template("huge", "{{ 'x' * 9999999999 }} STOP"),
    ),
    case(
        *("template that calls out", VALIDATE, 2, "sly/en/sms.txt:1"),
        prepare=template("sly", "{{ ''.__class__.__mro__ }} STOP"),
    ),
    case(
        *("stale schedule", APPROVE, 1, "the offer ended at 2020-01-08", "new end"),
        prepare=changed(ends="ends = 2020-01-08T00:00:00Z", start="start = 2020-01-01T00:00:00Z"),
    ),
    case("stale enqueue", "campaign enqueue Stale", 1, "the offer ended at", "new end"),
    case(
        "name of another brand",
        APPROVE,
        1,
        "northwind",
        "another name",
        prepare=lambda shell: shell.write(
            FILE, campaign_text("Known").replace('"northwind"', '"southwind"')
        ),
    ),
    case("unknown campaign", "campaign enqueue Unknown", 1, "dispatcher campaign list"),
    case("unknown number", "campaign report 4711", 1, "dispatcher campaign list"),
    case(
        *("not what was approved", f"campaign enqueue {FILE}", 1, FILE, "campaign approve"),
        prepare=lambda shell: shell.write(FILE, campaign_text("Known", code='code = "OTHER"')),
    ),
    case("pause what does not run", "campaign pause Known", 1, "is approved", "running"),
    case("resume what was not paused", "campaign resume Known", 1, "is approved", "paused"),
    case(
        *("file is there", ("campaign", "new", "Spring"), 1, FILE, "--out"),
        prepare=campaign_file("mine"),
    ),
    case(
        *("copy onto a file", ("campaign", "clone", "Known", "Spring"), 1, FILE, "--out"),
        prepare=campaign_file("mine"),
    ),
    case(
        *("new from no template", "campaign new X --template cofee-week", 1),
        'did you mean "coffee-week"',
    ),
    case("name of two lines", ("campaign", "new", "a\nb"), 2, "one line"),
    case("test to a stranger", "campaign test Known who@example.com", 1, "customer add"),
    case(
        *("test without consent", "campaign test Known +447700900999", 1),
        *("sms: no_consent", "email: no_address", "coffee"),
    ),
    case("disk full", "customer export anna@example.com --out /dev/full", 1, "/dev/full", "room"),
    case("out to a folder", "customer export anna@example.com --out .", 1, "new folder"),
    case("out to nowhere", "customer export anna@example.com --out no/such", 1, "spelt right"),
)

CUSTOMERS = (
    case("nobody", "customer add", 2, "--email", "--phone"),
    case("bad phone", "customer add --phone 12ab", 2, "phone number"),
    case("phone without a country", "customer add --phone 07700900123", 2, "country"),
    case("landline", "customer add --phone +442079460000", 2, "number"),
    case("bad e-mail", "customer add --email anna@@example", 2, "anna@@example"),
    case("phone as e-mail", "customer add --email +447700900124", 2, "no e-mail address"),
    case("taken address", "customer add --email Anna@Example.com", 1, "is customer"),
    case("bad zone", (*ADD, "--zone", "Mars/Base"), 2, "Europe/Paris"),
    case("zone out of the folder", (*ADD, "--zone", "../../etc/passwd"), 2, "Europe/Paris"),
    case("bad country", (*ADD, "--country", "Britain"), 2, "GB"),
    case("bad language", (*ADD, "--language", "french!"), 2, "fr"),
    case("bad hours", (*ADD, "--hours", "9-5"), 2, "--hours", "09:00-20:00"),
    case("fact without a name", (*ADD, "--field", "Anna"), 2, "--field", "name=value"),
    case("fact of two lines", (*ADD, "--field", "first_name=A\r\nBcc: x@y.z"), 2, "line break"),
    case("unknown customer", "customer show who@example.com", 1, "customer add"),
    case("no address at all", "customer show somebody", 2, "e-mail address"),
    case("number of nobody", "customer show 4711", 2, "customer number"),
    case("forget nobody", "customer forget who@example.com --yes", 1, "no customer"),
    case("opt-in without words", (*OPT_IN, "--wording", " "), 2, "--wording", "prove"),
    case(
        *("opt-in at no time", (*OPT_IN, "--wording", "Yes", "--given", "yesterday"), 2),
        *("--given", "2026-"),
    ),
    case(
        *("opt-in without a zone", (*OPT_IN, "--wording", "Yes", "--given", "2026-05-01T10:00"), 2),
        *("--given", "time zone"),
    ),
    case(
        *("opt-in to everything", (*OPT_IN[:3], "--topic", "*", *OPT_IN[5:], "--wording", "Y"), 2),
        *("--topic", "coffee"),
    ),
    case("opt-in of no kind", (*OPT_IN, "--wording", "Y", "--kind", "mine"), 2, "gdpr_consent"),
    case("opt-out of nothing", "customer opt-out anna@example.com --topic A;B", 2, "--topic"),
    case("clock too far", "clock --by 1e300", 2, "--by"),
    case("opt-out by fax", "customer opt-out anna@example.com --channel fax", 2, "email", "sms"),
    case("suppress nothing", ("customer", "suppress", ""), 2, "phone number"),
    case("explain a stranger", "explain who@example.com", 1, "no customer"),
    case("explain no campaign", "explain anna@example.com --campaign X", 1, "campaign list"),
    case("reply from nobody", ("reply", "me", "Stop"), 2, "phone number"),
    case("reply by no gateway", "reply +447700900123 Stop --gateway x", 2, 'no gateway "x"'),
    case("resolve how", "unsure resolve", 2, "--accepted", "--refused"),
    case("unsure of no campaign", "unsure list --campaign X", 1, "campaign list"),
    case("halt a stranger's brand", "halt --brand northwnd", 1, 'did you mean "northwind"'),
    case("halt no gateway", "halt --gateway emial", 1, 'did you mean "email"'),
    case("halt nonsense", "halt everybody", 2, "brand:northwind"),
    case("halt two things", "halt --brand northwind --campaign Known", 2, "one thing"),
    case("clock to nonsense", "clock --to noon", 2, "--to", "2026-"),
    case(
        *("clock of real people", "clock --by 3", 1, "safe mode"),
        prepare=environment(DISPATCHER_SAFE_MODE="false"),
    ),
    case("log of nothing", "logs postgres", 1, "no log"),
)

IMPORTS = (
    case("workbook", IMPORT, 2, "people.csv:1:", "CSV", prepare=people(b"PK\x03\x04rest")),
    case("folder of people", "customer import .", 2, "folder"),
    case("no file of people", IMPORT, 2, "people.csv:", "No such file"),
    case("empty file", IMPORT, 2, "people.csv:1:", "empty", prepare=people("")),
    case(
        *("no address column", IMPORT, 2, "people.csv:1:", "--map email="),
        prepare=people("E-Mail;Name\na@example.com;A\n"),
    ),
    case(
        *("map to no column", (*IMPORT, "--map", "email=Emial"), 2, "people.csv:1:", "'Email'"),
        prepare=people("Email,Name\na@example.com,A\n"),
    ),
    case("map without sign", (*IMPORT, "--map", "email"), 2, "--map", "email=E-Mail"),
    case(
        *("10 MB line", IMPORT, 2, "people.csv:2:", "longer than"),
        prepare=people(HEAD + "a@example.com," + "x" * 10_000_000 + ",coffee\n"),
    ),
    case(
        *("zero byte", IMPORT, 2, "people.csv:3:", "NUL"),
        prepare=people(HEAD + "a@example.com,A,\nb@example.com,\0,\n"),
    ),
    case(
        *("wrong encoding", (*IMPORT, "--encoding", "utf-8"), 2, "people.csv:2:", "--encoding"),
        prepare=people(HEAD.encode() + b"a@example.com,Ren\xe9,\n"),
    ),
    case(
        *("no such encoding", (*IMPORT, "--encoding", "latin-99"), 2, "latin-99", "utf-8"),
        prepare=people(HEAD),
    ),
    case(
        *("open quote", IMPORT, 2, "people.csv:2:", "quote"),
        prepare=people(HEAD + 'a@example.com,"A,\n' + "x," * 200_000),
    ),
    case(
        *("rejects onto itself", (*IMPORT, "--rejects", "people.csv"), 1, "--rejects"),
        prepare=people(HEAD),
    ),
    case(
        *("rejects to nowhere", (*IMPORT, "--rejects", "no/such/it.csv"), 2, "another --rejects"),
        prepare=people(HEAD + "nonsense,A,\n"),
    ),
)

CASES = (*WORDS, *SETTINGS, *CAMPAIGNS, *CUSTOMERS, *IMPORTS)
