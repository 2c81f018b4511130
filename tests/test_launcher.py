"""`./dispatch`: from a fresh clone to a running product, on machines with and without this or that.

The real launcher works on a small project with one package of its own, so no network is needed.
"""

from __future__ import annotations

import ast
import base64
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.isolation import run_as_nameless
from tests.support.patience import eventually

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = 'import sys, tiny\nprint("product", tiny.WORD, sys.argv[1:])\n'


@dataclass(frozen=True, slots=True)
class Project:
    """A clone of a very small product."""

    root: Path
    wheels: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "HOME": str(self.root),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_CONFIG_FILE": os.devnull,
        }

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            env=self.environment | environment,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(self.root / "dispatch"), *words]

    def lock(self, version: str) -> None:
        """Make the lock file name that version of the one package."""
        wheel = make_wheel(self.wheels, version)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        text = f"tiny=={version} \\\n    --hash=sha256:{digest}\n"
        (self.root / "requirements.lock").write_text(text)

    def launcher(self) -> ModuleType:
        """The launcher as a module, for what only a broken machine would show."""
        loader = SourceFileLoader("dispatch_under_test", str(self.root / "dispatch"))
        spec = importlib.util.spec_from_loader(loader.name, loader)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
        return module


def make_wheel(folder: Path, version: str) -> Path:
    """A package `tiny` with one module."""
    wheel, info = folder / f"tiny-{version}-py3-none-any.whl", f"tiny-{version}.dist-info"
    files = {
        "tiny.py": f"WORD = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{name},sha256={digest(text)},{len(text)}" for name, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


def digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path / "a clone", tmp_path / "wheels")
    made.wheels.mkdir()
    (made.root / "dispatcher").mkdir(parents=True)
    (made.root / "dispatcher" / "__main__.py").write_text(PRODUCT)
    shutil.copy(ROOT / "dispatch", made.root)
    made.lock("1.0")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return made


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def real_python() -> str:
    return str(getattr(sys, "_base_executable", sys.executable))


def python_without(project: Project, pattern: str) -> str:
    """A Python in which whatever matches the pattern does not work."""
    text = f'case "$*" in {pattern}) exit 1;; esac\nexec "{real_python()}" "$@"'
    return str(script(project.root / "broken" / "python", text))


def quick_python(project: Project) -> str:
    """A Python that takes the quickest of the ways that need no other tool."""
    return python_without(project, '*"import ensurepip"*')


def built_with(project: Project) -> str:
    """What the environment's own Python finds installed."""
    python = str(project.root / ".venv" / "bin" / "python")
    found = subprocess.run([python, "-c", "import tiny; print(tiny.WORD)"], capture_output=True)
    return found.stdout.decode().strip()


def test_one_command_installs_and_starts_the_product(project: Project) -> None:
    """From a fresh clone, from any folder, with a space in the path; words arrive as they are.

    The second start installs nothing, and `.venv/bin/dispatcher` does what an installer's would.
    """
    done = project.run("demo", "--fast", "two words")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "product 1.0 ['demo', '--fast', 'two words']\n"
    assert "Setting up Dispatcher in .venv (once)" in done.stderr

    shutil.rmtree(project.wheels)
    again = project.run("status")
    assert (again.returncode, again.stdout, again.stderr) == (0, "product 1.0 ['status']\n", "")

    command = [str(project.root / ".venv" / "bin" / "dispatcher"), "explain"]
    direct = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert direct.stdout == "product 1.0 ['explain']\n", direct.stderr

    later = project.run("bench")
    assert (later.returncode, later.stdout) == (2, "")
    assert "This comes with a later version" in later.stderr


@pytest.mark.parametrize("mark", ["dispatch-unfinished", "dispatch-stamp"])
def test_an_interrupted_or_outdated_environment_is_built_again(project: Project, mark: str) -> None:
    """Half a build, or one from another lock, is thrown away rather than trusted."""
    (project.root / ".venv" / "bin").mkdir(parents=True)
    (project.root / ".venv" / "bin" / "python").touch(mode=0o755)
    (project.root / ".venv" / mark).write_text("of another lock")
    launcher: Any = project.launcher()
    assert not launcher.is_current()
    launcher.build(quick_python(project))
    assert launcher.is_current()
    assert built_with(project) == "1.0"


def test_an_environment_made_by_hand_is_added_to(project: Project) -> None:
    """Who made .venv himself keeps what is in it."""
    by_hand = [real_python(), "-m", "venv", "--without-pip", str(project.root / ".venv")]
    subprocess.run(by_hand, check=True)
    own = project.root / ".venv" / "my-notes"
    own.touch()
    project.launcher().build(quick_python(project))
    assert built_with(project) == "1.0"
    assert own.exists()


def test_a_package_with_another_hash_is_refused(project: Project) -> None:
    """What is not what the lock says is not installed, and the person is told."""
    lock = project.root / "requirements.lock"
    lock.write_text(lock.read_text().replace("sha256:", "sha256:0000")[:-5] + "\n")
    launcher: Any = project.launcher()
    with pytest.raises(launcher.CannotSetUp, match="Could not install the packages"):
        launcher.build(quick_python(project))
    assert not launcher.is_current()


def test_packages_that_cannot_be_had_are_told_with_the_remedy(project: Project) -> None:
    """No network, or a proxy that is not there: the index is what to look at, not Python."""
    shutil.rmtree(project.wheels)
    launcher: Any = project.launcher()
    with pytest.raises(launcher.CannotSetUp, match=r"tiny==1\.0\): make sure that pip reaches"):
        launcher.build(quick_python(project))


def test_a_full_disk_is_told_at_once(project: Project) -> None:
    """No other way of installing is tried, since none would find more room."""
    text = "echo '[Errno 28] No space left on device'; exit 1"
    full = str(script(project.root / "full" / "python", text))
    launcher: Any = project.launcher()
    rungs = [launcher.Rung("first", True, lambda: launcher.run([full]))]
    rungs.append(launcher.Rung("second", True, lambda: pytest.fail("tried for nothing")))
    launcher.ladder = lambda _python: rungs
    with pytest.raises(launcher.CannotSetUp, match="The disk is full: make room"):
        launcher.build(real_python())


def test_another_python_behind_the_environment_builds_it_again(project: Project) -> None:
    """The system may be upgraded to a newer Python, which would not find the packages."""
    launcher: Any = project.launcher()
    launcher.build(quick_python(project))
    assert launcher.is_current()
    python = project.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(script(project.root / "newer" / "python3.99", "exit 0"))
    assert not launcher.is_current()


def test_settings_of_pip_that_lead_elsewhere_are_not_followed(
    project: Project, tmp_path: Path
) -> None:
    """PIP_TARGET, PYTHONPATH and the like of the caller do not spoil the environment."""
    elsewhere = str(tmp_path / "elsewhere")
    done = project.run("status", PIP_TARGET=elsewhere, PIP_USER="1", PIP_REQUIRE_VIRTUALENV="1")
    assert done.stdout == "product 1.0 ['status']\n", done.stderr
    assert not Path(elsewhere).exists()


def test_two_terminals_do_not_build_at_once(project: Project) -> None:
    """The second one says that it waits, and does not repeat what the first one has done."""
    with (project.root / ".dispatch-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            project.command("setup"), env=project.environment, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        assert process.stderr.readline() == b"Another ./dispatch is setting up; waiting for it.\n"
        (project.root / ".venv" / "bin").mkdir(parents=True)
        (project.root / ".venv" / "bin" / "python").touch(mode=0o755)
        launcher: Any = project.launcher()
        (project.root / ".venv" / "dispatch-stamp").write_text(launcher.wanted_stamp())
    _, errors = process.communicate(timeout=100)
    assert errors.decode() == "Dispatcher is set up. Next: ./dispatch demo\n"


def test_an_installer_whose_launcher_was_killed_is_waited_for(project: Project) -> None:
    """It may still be writing into the environment, which the next start throws away."""
    tools = project.root / "tools"
    script(tools / "uv", 'echo $$ > "$0.pid.new"; mv "$0.pid.new" "$0.pid"; exec sleep 60')
    process = subprocess.Popen(
        project.command("status"),
        env=project.environment | {"PATH": f"{tools}:{os.defpath}"},
        stderr=subprocess.DEVNULL,
    )
    assert eventually((tools / "uv.pid").exists)
    process.kill()
    process.wait()
    with (project.root / ".dispatch-lock").open("w") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.kill(int((tools / "uv.pid").read_text()), 9)
        fcntl.flock(lock, fcntl.LOCK_EX)


# Machines on which this or that is missing


def test_without_ensurepip_the_pip_of_the_system_is_used(project: Project) -> None:
    """Debian without python3-venv, but with python3-pip."""
    project.launcher().build(python_without(project, '*"import ensurepip"*|"-m venv "[!-]*'))
    assert built_with(project) == "1.0"


def test_without_venv_an_installed_virtualenv_is_used(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may have installed virtualenv for exactly this reason."""
    tools = project.root / "tools"
    script(tools / "virtualenv", f'for last; do :; done; "{real_python()}" -m venv "$last"')
    monkeypatch.setenv("PATH", f"{tools}:{os.defpath}")
    project.launcher().build(python_without(project, '*"import venv"*|*"-m venv"*|*virtualenv*'))
    assert built_with(project) == "1.0"


def test_with_nothing_to_install_with_the_package_is_named(project: Project) -> None:
    """One sentence, which names what to install."""
    launcher: Any = project.launcher()
    with pytest.raises(launcher.CannotSetUp, match=re.escape("install apt install python3-venv")):
        launcher.build(python_without(project, '*"import "*'))
    with pytest.raises(launcher.CannotSetUp, match=re.escape("install apt install python3-venv")):
        launcher.build(python_without(project, '"-m venv "*'))


def test_uv_is_preferred_where_it_is(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the lock with its hashes, and may build nothing."""
    tools = project.root / "tools"
    script(
        tools / "uv",
        f'echo "$*" >> "{tools}/said"\n'
        'for last; do :; done; case "$1" in\n'
        f'venv) "{real_python()}" -m venv --without-pip "$last";;\n'
        f'*) "{real_python()}" -m pip --python "{project.root}/.venv" install tiny;; esac',
    )
    monkeypatch.setenv("PATH", f"{tools}:{os.defpath}")
    project.launcher().build(real_python())
    assert built_with(project) == "1.0"
    assert "--require-hashes --only-binary :all:" in (tools / "said").read_text()


def test_a_uv_that_fails_is_passed_over(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tool that does not work here costs a line, not the installation."""
    tools = project.root / "tools"
    script(tools / "uv", "echo no network for uv; exit 2")
    monkeypatch.setenv("PATH", f"{tools}:{os.defpath}")
    project.launcher().build(quick_python(project))
    assert "uv did not work (no network for uv)" in capsys.readouterr().err
    assert built_with(project) == "1.0"


def test_an_old_python_finds_a_newer_one_or_says_so(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The launcher itself runs on any Python 3.6 or later."""
    launcher: Any = project.launcher()
    monkeypatch.setattr(launcher, "VERSIONS", ((3, 99),))
    with pytest.raises(
        launcher.CannotSetUp, match=r"needs Python 3\.11, 3\.12 or 3\.13, and this is"
    ):
        launcher.find_python()
    tools = project.root / "tools"
    newer = script(tools / "python3.99", "exit 0")
    monkeypatch.setenv("PATH", f"{tools}:{os.defpath}")
    assert launcher.find_python() == str(newer)


@pytest.mark.usefixtures("namespaces")
def test_a_user_without_a_name_or_a_home_can_set_up(project: Project) -> None:
    """A uid that /etc/passwd does not know, as containers like to use."""
    environment: Mapping[str, str] = project.environment | {"HOME": "/nonexistent"}
    done = run_as_nameless(project.command("status"), environment, namespaces=True)
    assert done.stdout == "product 1.0 ['status']\n", done.stderr


@pytest.mark.usefixtures("namespaces")
def test_a_folder_that_cannot_be_written_is_named(project: Project) -> None:
    """One sentence with the remedy, not a traceback."""
    project.root.chmod(0o555)
    done = run_as_nameless(project.command("status"), project.environment, namespaces=True)
    project.root.chmod(0o755)
    assert done.returncode == 1
    assert done.stderr == (
        f"Cannot write to {project.root} (Permission denied): "
        "copy the folder to a place of your own and start there.\n"
    )


# The file itself


def test_the_launcher_is_readable_by_old_pythons_and_needs_no_package() -> None:
    """Python 3.6 can read it, and it imports the standard library only."""
    tree = ast.parse((ROOT / "dispatch").read_text(), feature_version=(3, 6))
    imported = {
        name.name.split(".")[0] if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= sys.stdlib_module_names
    assert "__future__" not in imported  # annotations came with 3.7


def test_ctrl_c_during_setup_is_calm(project: Project) -> None:
    """No traceback; the next start carries on."""
    script(project.root / "tools" / "uv", "echo started > tools-started; sleep 60")
    process = subprocess.Popen(
        project.command("status"),
        env=project.environment | {"PATH": f"{project.root}/tools:{os.defpath}"},
        cwd=project.root,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert eventually((project.root / "tools-started").exists)
    os.killpg(process.pid, 2)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.decode().endswith("Stopped. The next start carries on.\n")
