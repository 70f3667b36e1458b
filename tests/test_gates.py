"""The project's own gates: pinned requirements, a POSIX ./run, a core free of the GPL voice."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from antiphon import __version__

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ["requirements/run.txt", "requirements/dev.txt", "requirements/certify.txt"]
SCRIPTS = ["run", ".ci/run", "requirements/lock"]


def _pins(lock: str) -> dict[str, list[str]]:
    """Logical lines of a requirement file: name -> its lines."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    pins: dict[str, list[str]] = {}
    for line in text.splitlines():
        pins.setdefault(re.split(r"[=<>!~ ]", line)[0], []).append(line)
    return pins


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    pins = _pins(lock)
    assert len(pins) > 20
    for lines in pins.values():
        for line in lines:
            assert re.fullmatch(
                r"[a-z0-9-]+==[\w.]+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+", line
            ), line


@pytest.mark.parametrize("lock", LOCKS)
def test_requirement_files_hold_no_address_and_no_path(lock: str) -> None:
    assert not re.search(r"/|\bindex\b|find-links|@", (ROOT / lock).read_text())


def test_the_default_install_is_a_part_of_the_developers() -> None:
    run, dev = _pins(LOCKS[0]), _pins(LOCKS[1])
    assert all(dev[name] == lines for name, lines in run.items())


def test_every_declared_dependency_is_locked() -> None:
    project = PYPROJECT["project"]
    optional = project["optional-dependencies"]
    names = [re.split(r"[\[<>=!; ]", d)[0].lower() for d in project["dependencies"]]
    every = names + [re.split(r"[\[<>=!; ]", d)[0].lower() for e in optional.values() for d in e]
    assert set(names) <= _pins(LOCKS[0]).keys()
    assert set(every) <= _pins(LOCKS[1]).keys()


def test_the_gpl_voice_is_an_extra_that_the_core_never_imports() -> None:
    assert not [d for d in PYPROJECT["project"]["dependencies"] if d.startswith("piper")]
    importing = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"^\s*(import|from) piper\b", path.read_text(), re.MULTILINE)
    ]
    # The one program that speaks to it runs in a process of its own.
    assert all(path.startswith("src/antiphon/providers/piper/") for path in importing), importing


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_can_be_run_and_parsed(script: str) -> None:
    path = ROOT / script
    shell = "bash" if "bash" in path.read_text().splitlines()[0] else "sh"
    assert path.stat().st_mode & 0o111
    subprocess.run([shell, "-n", str(path)], check=True)
    checker = Path(sys.executable).with_name("shellcheck")
    found = subprocess.run([checker, str(path)], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")


def test_ci_runs_what_the_readme_names() -> None:
    called = [li for li in (ROOT / ".ci/run").read_text().splitlines() if li.startswith("./run")]
    assert called == ["./run check", "./run test"]
    readme = (ROOT / "README.md").read_text()
    assert all(command in readme for command in called)


def test_run_without_a_command_says_what_there_is() -> None:
    done = subprocess.run([ROOT / "run"], capture_output=True, text=True, check=True)
    assert all(f"  {name} " in done.stdout for name in ("demo", "serve", "antiphon", "test"))


def test_run_refuses_an_unknown_command() -> None:
    done = subprocess.run([ROOT / "run", "fly"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "usage:" in done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with a space in its name that holds what ./run reads before it installs."""
    folder = tmp_path / "a checkout"
    (folder / "requirements").mkdir(parents=True)
    shutil.copy(ROOT / "run", folder)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for lock in LOCKS:
        (folder / lock).write_text("nothing-of-that-name==1.0 --hash=sha256:" + "0" * 64 + "\n")
    return folder


def _run(checkout: Path, path: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "run", "antiphon", "--version"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": path, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null"} | env,
    )


def _fake_python(folder: Path, name: str, version: str, *, venv: bool = True) -> None:
    # Stands in for an interpreter: answers the questions ./run asks of one.
    folder.mkdir(exist_ok=True)
    script = folder / name
    suits = "exit 0" if version in ("3.11", "3.12", "3.13") else "exit 1"
    script.write_text(
        f'#!/bin/sh\ncase "$2" in *version_info*exit*|*sys.exit*) {suits};;\n'
        f"*print*) echo {version};; *ensurepip*) exit {0 if venv else 1};; esac\n"
    )
    script.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with the standard tools and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "dirname", "cat", "cksum", "grep", "tail", "rm", "mkdir"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


@pytest.mark.parametrize("version", ["3.10", "3.14"])
def test_a_python_out_of_range_is_named(checkout: Path, tools: Path, version: str) -> None:
    _fake_python(tools, "python3", version)

    done = _run(checkout, str(tools))

    assert done.returncode == 3
    assert "needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert f"python3={version}" in done.stderr


def test_a_python_that_cannot_make_environments_names_the_one_command(
    checkout: Path, tools: Path
) -> None:
    _fake_python(tools, "python3", "3.12", venv=False)
    for name, does in (("apt-get", "exit 1"), ("id", "echo 1000")):
        (tools / name).write_text(f"#!/bin/sh\n{does}\n")
        (tools / name).chmod(0o755)

    done = _run(checkout, str(tools))

    assert done.returncode == 3
    assert "sudo apt-get install -y python3.12-venv" in done.stderr


def test_an_installation_that_cannot_finish_says_so_and_leaves_no_stamp(checkout: Path) -> None:
    python = Path(sys.executable).resolve()

    done = _run(checkout, "/usr/bin:/bin", ANTIPHON_PYTHON=str(python))

    assert done.returncode == 3
    assert "the installation did not finish" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((checkout / ".venv").glob(".made-run"))


def test_the_version_is_in_the_changelog() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
