"""The wheel that `pip install .` makes, and the files that describe what goes into it."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from sqlalchemy import text

from dispatcher import __version__
from dispatcher.storage.database import Database
from tests.support.isolation import namespaces_work, run_as_nameless
from tests.support.requirements import require

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Installed:
    """The wheel in an environment of its own, put there by pip."""

    folder: Path

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        return next(self.folder.glob("lib/python3*/site-packages"))

    def run(self, program: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """From the root folder; as somebody who may not write, where that can be arranged."""
        command = [str(self.folder / "bin" / program), *words]
        environment = {"PATH": os.defpath, "BROKER_URL": "redis://nowhere", **more}
        if namespaces_work():
            return run_as_nameless(command, environment, namespaces=True, folder="/")
        return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)

    def done(self, program: str, *words: str, **more: str) -> str:
        """Run what must succeed, and give what it printed."""
        result = self.run(program, *words, **more)
        assert result.returncode == 0, result.stderr
        return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this source tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An empty environment with the wheel; its dependencies are those of this test run."""
    installed = Installed(tmp_path_factory.mktemp("environment"))
    made = subprocess.run([sys.executable, "-m", "venv", str(installed.folder)])
    require(made.returncode == 0, "ensurepip", "install the wheel", "apt install python3-venv")
    pip(installed.folder, "--no-index", "--no-deps", str(wheel))
    lend_packages(installed.site_packages)
    for path in (*installed.site_packages.rglob("*"), installed.site_packages):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return installed


def pip(environment: Path, *words: str, into: Path | None = None) -> None:
    """Install with that environment's pip, into it or into another one."""
    python = str(environment / "bin" / "python")
    target = ["--python", str(into / "bin" / "python")] if into else []
    done = subprocess.run(
        [python, "-m", "pip", *target, "install", "--disable-pip-version-check", *words],
        env={"PATH": os.defpath, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"},
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def lend_packages(site_packages: Path) -> None:
    """Let an environment use the packages of this test run, with no network and no copy."""
    own = dict.fromkeys(sysconfig.get_paths()[name] for name in ("purelib", "platlib"))
    (site_packages / "dependencies.pth").write_text("".join(f"{path}\n" for path in own))


def test_nothing_with_a_common_name_is_installed(wheel: Path) -> None:
    """No top-level `templates`, `tests` or `migrations` collides with other packages."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    info = f"dispatcher-{__version__}.dist-info"
    assert tops == {"dispatcher", "workers", "celeryconfig.py", info}


def test_data_and_types_travel_inside_the_package(wheel: Path) -> None:
    """Templates, migrations and the typing marker are in the wheel, the licence too."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for wanted in (
        r"dispatcher/_data/migrations/env\.py",
        r"dispatcher/_data/migrations/versions/\w+\.sql",
        r"dispatcher/_data/templates/.+",
        r"dispatcher/py\.typed",
        r"dispatcher/embedded/guard\.py",
        r"dispatcher-[\d.]+\.dist-info/licenses/LICENSE",
    ):
        assert any(re.fullmatch(wanted, name) for name in names), wanted


def test_it_runs_from_anywhere_in_a_folder_it_cannot_write(installed: Installed) -> None:
    """The installed product says its version and finds its data, read-only and from /."""
    assert __version__ in installed.done("python", "-m", "dispatcher", "--version")
    assert __version__ in installed.done("dispatcher", "--version")
    script = (
        "from dispatcher import resources\n"
        "print(resources.templates_folder(), resources.migrations_folder())"
    )
    data = installed.site_packages / "dispatcher" / "_data"
    found = installed.done("python", "-I", "-c", script)
    assert found.split() == [str(data / "templates"), str(data / "migrations")]


def test_a_campaign_can_be_begun_where_it_is_installed(
    installed: Installed, tmp_path: Path
) -> None:
    """A shipped template makes a campaign file that is right as it stands."""
    file, home = str(tmp_path / "spring.toml"), str(tmp_path / "home")
    new = ("campaign", "new", "Spring", "--template", "last-seats", "--out", file)
    installed.done("dispatcher", *new, DISPATCHER_HOME=home)
    said = installed.done("dispatcher", "campaign", "validate", file, DISPATCHER_HOME=home)
    assert "is right: Spring" in said


def test_a_database_can_be_migrated_where_it_is_installed(
    installed: Installed, empty_database_url: str, tmp_path: Path
) -> None:
    """The shipped migrations make the whole schema, and a second time changes nothing."""
    more = {"DATABASE_URL": empty_database_url, "DISPATCHER_HOME": str(tmp_path / "home")}
    for _ in range(2):
        installed.done("dispatcher", "migrate", **more)
    database = Database(empty_database_url, pool_size=1)
    with database.begin() as conn:
        assert conn.execute(text("SELECT count(*) FROM customer")).scalar_one() == 0
    database.dispose()


def test_celery_finds_the_app_where_it_is_installed(installed: Installed) -> None:
    """`celery -A workers` works without a source tree, with our settings."""
    script = "import workers, celeryconfig; print(workers.__file__)"
    found = installed.done("python", "-I", "-c", script)
    assert found.strip() == str(installed.site_packages / "workers" / "__init__.py")
    report = installed.done("python", "-m", "celery", "-A", "workers", "report")
    assert "celery.beat:Scheduler" in report


@pytest.mark.timeout(180)
def test_an_editable_installation_finds_the_tests(
    installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """`pip install -e .` and then `pytest`, as Python people do, works on the source tree."""
    place = tmp_path_factory.mktemp("editable")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    lend_packages(next(place.glob("lib/python3*/site-packages")))
    words = ("--no-index", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
    pip(installed.folder, *words, into=place)
    assert __version__ in subprocess.check_output(
        [place / "bin" / "dispatcher", "--version"], text=True
    )
    collect = ("--collect-only", "-q", "-p", "no:cacheprovider", "tests/rules")
    done = subprocess.run(
        [place / "bin" / "python", "-m", "pytest", *collect],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tests/rules/test_quiet_hours.py::" in done.stdout


def test_the_lock_names_no_host_and_pins_each_package_by_hash() -> None:
    """The lock works with any package source, and trusts none."""
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[\w.\[\]-]+==\S+", block), block
        assert "--hash=sha256:" in block


def test_the_lock_has_what_the_project_asks_for() -> None:
    """Each dependency of pyproject.toml is in the lock, in a version that fits."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    locked = dict(_third_party().locked())
    for line in asked:
        requirement = Requirement(line)
        if requirement.name != "dispatcher":
            assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), line


def test_the_page_of_licences_is_current() -> None:
    """THIRD_PARTY.md names what the lock has, in its versions; `./dispatch docs` makes it."""
    listed = re.findall(r"^\| ([\w.-]+) \| (\S+) \| (.+) \|$", _page(), re.MULTILINE)[2:]
    module = _third_party()
    assert [(name, version) for name, version, _ in listed] == list(module.locked())
    for name, _, terms in listed:
        assert module.licence(name) in ("", terms)


def _page() -> str:
    return (ROOT / "THIRD_PARTY.md").read_text()


def _third_party() -> ModuleType:
    spec = importlib.util.spec_from_file_location("third_party", ROOT / "docs" / "third_party.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
