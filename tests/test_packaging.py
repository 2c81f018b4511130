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

from dispatcher import __version__
from tests.support.isolation import namespaces_work, run_as_nameless

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Installed:
    """The wheel unpacked into an environment of its own, as an installer does it."""

    python: str
    site_packages: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """From the root folder; as somebody who may not write, where that can be arranged."""
        command = [self.python, "-I", *words]
        environment = {"PATH": os.defpath, "BROKER_URL": "redis://nowhere"}
        if namespaces_work():
            return run_as_nameless(command, environment, namespaces=True, folder="/")
        return subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True)


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
    place = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    site_packages = next(place.glob("lib/python3*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site_packages)
    (site_packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    for path in (*site_packages.rglob("*"), site_packages):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return Installed(str(place / "bin" / "python"), site_packages)


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
    version = installed.run("-m", "dispatcher", "--version")
    assert version.returncode == 0, version.stderr
    assert __version__ in version.stdout
    found = installed.run(
        "-c",
        "from dispatcher import resources\n"
        "print(resources.templates_folder(), resources.migrations_folder())",
    )
    data = installed.site_packages / "dispatcher" / "_data"
    assert found.stdout.split() == [str(data / "templates"), str(data / "migrations")]


def test_celery_finds_the_app_where_it_is_installed(installed: Installed) -> None:
    """`celery -A workers` works without a source tree."""
    done = installed.run("-c", "import workers, celeryconfig; print(workers.__file__)")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(installed.site_packages / "workers" / "__init__.py")


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
            assert requirement.specifier.contains(locked[requirement.name]), line


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
