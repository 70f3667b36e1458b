"""The package that docs/how-to/add-a-provider.md shows: it is what the page says, and it works."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from antiphon.net.offering import Order
from antiphon.observe import prices
from antiphon.testing import conformance_tts
from antiphon.wiring import providers

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples/add_a_provider"
PAGE = ROOT / "docs/how-to/add-a-provider.md"
FILES = [
    path
    for path in sorted(FOLDER.rglob("*"))
    if path.suffix in (".py", ".toml", ".yaml") and path.name != "__init__.py"
]
MODULES = sorted(FOLDER.glob("murmur/*.py"))


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """What an installer would write for it: the package's facts, made of its pyproject.toml."""
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    facts = tmp_path / f"antiphon_murmur-{project['version']}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {where}" for name, where in entries.items())]
    (facts / "entry_points.txt").write_text("\n".join(lines))
    return tmp_path


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_page_shows_every_file_as_it_is(path: Path) -> None:
    name = re.escape(str(path.relative_to(ROOT)))
    shown = re.findall(
        rf"^```\w+ from={name}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    assert shown == [path.read_text()]


def test_a_provider_is_less_than_200_lines() -> None:
    files = [FOLDER / "pyproject.toml", *MODULES]
    assert sum(len(path.read_text().splitlines()) for path in files) < 200


def test_it_is_found_by_its_entry_point(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(installed)
    monkeypatch.syspath_prepend(FOLDER)
    providers._others.cache_clear()
    try:
        offer = providers.offered("tts", "murmur/whisper")
        environ = {"MURMUR_API_KEY": "a-secret"}
        engine = offer.made(Order(name=offer.name, environ=environ, models=Path))
    finally:
        providers._others.cache_clear()
        for name in [name for name in sys.modules if name.partition(".")[0] == "murmur"]:
            del sys.modules[name]
    assert engine.name == offer.name
    assert "a-secret" not in repr(engine)


def test_its_own_tests_pass_and_hold_the_whole_suite_for_voices(installed: Path) -> None:
    places = (FOLDER, installed, ROOT / "src")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-v", "-p", "no:cacheprovider"],
        cwd=FOLDER,
        env={
            **{name: value for name, value in os.environ.items() if "PYTEST" not in name},
            "PYTHONPATH": os.pathsep.join(map(str, places)),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for check in conformance_tts.CHECKS:
        assert f"[{check.__name__}] PASSED" in done.stdout
    assert not re.search(r"skipped|deselected|warning", done.stdout.splitlines()[-1])


def test_the_price_it_shows_is_a_row_of_a_users_file() -> None:
    row = prices.load(FOLDER / "prices.yaml").on("tts", "murmur/whisper")
    assert row is not None
    assert row.price == 0.02
