"""The documentation tells the truth: what it names exists, and what it shows works."""

import ast
import contextlib
import dataclasses
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from docs import draw_turns, make_reference
from docs.described import COMMON, field_docs
from examples import pretend_call
from pydantic import BaseModel

from antiphon import actions, errors, events
from antiphon.cli import main as cli
from antiphon.cli.main import COMMANDS
from antiphon.config import agent, environment
from antiphon.testing import scriptfile
from antiphon.turns.settings import PRESETS
from antiphon.wiring.agent import conversation

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
MINIMAL = {"name": "An agent", "dialog": {}}


def _id(value: object) -> str:
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else str(value)


# --- reading pages ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Snippet:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{_id(self.page)}:{self.line}"


def snippets() -> Iterator[Snippet]:
    for page in PAGES:
        text = page.read_text()
        for block in re.finditer(
            r"^```(\w*) ?([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
        ):
            line = text.count("\n", 0, block.start()) + 1
            yield Snippet(page, line, block[1], block[2], block[3])


SNIPPETS = list(snippets())


def of(language: str) -> list[Snippet]:
    return [snippet for snippet in SNIPPETS if snippet.language == language]


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What a link into the page may end in."""
    text = prose(page)
    given = set(re.findall(r'<a id="([^"]+)"', text))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = [re.sub(r"<[^>]+>|[`*_]", "", heading).lower() for heading in headings]
    return given | {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


# --- pages made from the code -----------------------------------------------------------------


@pytest.mark.parametrize("name", make_reference.PAGES)
def test_a_page_made_from_the_code_is_up_to_date(name: str) -> None:
    made = make_reference.PAGES[name]()
    assert (DOCS / "reference" / name).read_text() == made, "run: python -m docs.make_reference"


def test_the_turn_diagram_is_up_to_date() -> None:
    text = draw_turns.PAGE.read_text()
    assert text == draw_turns.page(text), "run: python docs/draw_turns.py"


def test_every_settings_class_is_in_the_reference() -> None:
    shown = {owner for _, classes in make_reference.SETTINGS for _, owner in classes}
    shown |= {base for owner in shown for base in owner.__mro__ if issubclass(base, BaseModel)}
    modules = [*(ROOT / "src").rglob("settings.py"), ROOT / "src/antiphon/config/agent.py"]
    for path in modules:
        name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        module = import_module(name)
        own = {
            kind
            for kind in vars(module).values()
            if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.__module__ == name
        }
        assert own, f"{name} has no settings"
        assert own <= shown, f"{name} is not in docs/make_reference.py"


def test_every_setting_has_a_meaning() -> None:
    for _, classes in make_reference.SETTINGS:
        for _, owner in classes:
            lacking = owner.model_fields.keys() - field_docs(owner).keys()
            assert not lacking, f"{owner.__name__}: no docstring under {lacking}"


@pytest.mark.parametrize(
    "kind", [*events.KINDS.values(), *actions.KINDS.values()], ids=lambda kind: kind.__name__
)
def test_every_event_and_action_has_a_meaning(kind: type) -> None:
    assert kind.__doc__
    assert not kind.__doc__.startswith(f"{kind.__name__}(")
    fields = {field.name for field in dataclasses.fields(kind)}
    assert fields <= field_docs(kind).keys() | COMMON.keys()
    assert f"### {kind.__name__}\n" in (DOCS / "reference/events.md").read_text()


def test_no_shared_meaning_is_left_over() -> None:
    kinds = [*events.KINDS.values(), *actions.KINDS.values(), events.Word, actions.Message]
    fields = {field.name for kind in kinds for field in dataclasses.fields(kind)}
    assert COMMON.keys() <= fields


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_argument_has_a_meaning(name: str) -> None:
    for argument in make_reference.arguments(make_reference.command_parser(name)):
        assert argument.help, argument.dest
    assert f"## antiphon {name}\n" in (DOCS / "reference/commands.md").read_text()


def test_every_error_is_in_the_tree() -> None:
    tree = errors.__doc__ or ""
    kinds = [
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.AntiphonError)
    ]
    assert sorted(kinds) == errors.__all__
    assert all(re.search(rf"\b{name}\b", tree) for name in kinds)


def test_every_environment_variable_is_documented() -> None:
    page = (DOCS / "reference/environment.md").read_text()
    sources = [*(ROOT / "src").rglob("*.py"), ROOT / "run"]
    used = {
        name
        for path in sources
        for name in re.findall(r"\bANTIPHON_[A-Z]+(?:_[A-Z]+)*\b", path.read_text())
    }
    assert used == set(re.findall(r"\bANTIPHON_[A-Z]+(?:_[A-Z]+)*\b", page))
    for meaning in field_docs(environment.Environment).values():
        assert all(name in page for name in re.findall(r"\$(\w+)", meaning))


# --- links ------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        assert not target.startswith("http"), f"{target}: the project stands on its own"
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if re.search(r"^(\$ )?antiphon [a-z]", page.read_text(), re.MULTILINE)],
    ids=lambda page: page.name,
)
def test_a_page_with_bare_commands_says_what_to_type_in_a_checkout(page: Path) -> None:
    text = page.read_text()
    first = re.search(r"^(\$ )?antiphon [a-z]", text, re.MULTILINE)
    assert first
    assert "`./run antiphon" in text[: first.start()]


def test_every_page_can_be_reached_from_the_index() -> None:
    seen, ahead = set[Path](), [DOCS / "index.md"]
    while ahead:
        page = ahead.pop()
        if page in seen:
            continue
        seen.add(page)
        found = [
            (page.parent / link).resolve() for link in re.findall(r"\]\(([^)\s#]+)", prose(page))
        ]
        for file in found:
            ahead += sorted(file.glob("*.md")) if file.is_dir() else [file] * (file.suffix == ".md")
    assert set(DOCS.rglob("*.md")) <= seen


def test_code_that_is_named_exists() -> None:
    for page in PAGES:
        for name in set(re.findall(r"`(antiphon(?:\.[A-Za-z_]\w*)+)`", prose(page))):
            assert _resolves(name), f"{_id(page)}: {name}"


def _resolves(dotted: str) -> bool:
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


def test_source_files_that_are_named_exist() -> None:
    known = {str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("*.*")}
    for page in [DOCS / "explanation/architecture.md", DOCS / "how-to/add-an-engine.md"]:
        for name in re.findall(r"`((?:\w+/)+\w+\.py)`", prose(page)):
            places = (name, f"src/{name}", f"src/antiphon/{name}")
            assert any(place in known or (ROOT / place).exists() for place in places), name


# --- what is shown works ----------------------------------------------------------------------


@pytest.mark.parametrize("snippet", of("yaml"), ids=str)
def test_yaml_loads(snippet: Snippet) -> None:
    data = yaml.safe_load(snippet.text)
    if "steps" in data:
        # Recordings beside a script are the reader's own.
        assert scriptfile.parse(
            re.sub(r"^ *- play:.*$", "  - hang_up", snippet.text, flags=re.MULTILINE)
        )
        return
    whole = data if {"name", "dialog"} <= data.keys() else {**MINIMAL, **data}
    settings = agent.parse(yaml.safe_dump(whole), str(snippet))
    assert settings.preset in PRESETS


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the reader has it: the examples, an agent, and the log of a call."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "examples").symlink_to(ROOT / "examples")
    settings = agent.load(ROOT / "examples/receptionist")
    pretend_call.hold(
        conversation(settings),
        pretend_call.SCRIPT,
        folder / "call.jsonl",
        settings.model_dump(mode="json"),
    )
    return folder


@pytest.mark.parametrize("snippet", [s for s in of("python") if s.mark == "run"], ids=str)
def test_python_runs(snippet: Snippet, reader: Path) -> None:
    program = compile(snippet.text, str(snippet), "exec")
    with contextlib.chdir(reader), contextlib.redirect_stdout(io.StringIO()):
        exec(program, {"__name__": "snippet"})


@pytest.mark.parametrize("snippet", [s for s in of("python") if s.mark != "run"], ids=str)
def test_python_that_is_only_shown_is_real(snippet: Snippet) -> None:
    if snippet.mark.startswith("from="):
        source = (ROOT / snippet.mark.removeprefix("from=")).read_text()
        assert _bare(snippet.text) in _bare(source)
        return
    for node in ast.walk(ast.parse(snippet.text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("antiphon"):
            for name in node.names:
                assert _resolves(f"{node.module}.{name.name}")


def _bare(code: str) -> str:
    """Without what depends on where it stands: blank lines and indentation."""
    return "\n".join(line.strip() for line in code.splitlines() if line.strip())


def _command_lines() -> list[tuple[str, str]]:
    found = []
    for snippet in SNIPPETS:
        if snippet.language in ("", "sh", "console"):
            for shown in snippet.text.splitlines():
                line = re.sub(r"^\$ |^[A-Z_]+=\S+ |\s+#.*$", "", shown)
                line = re.sub(r"^[A-Z_]+=\S+ ", "", line)
                if re.match(r"(\./run |antiphon )", line):
                    found.append((str(snippet), line))
    return found


@pytest.mark.parametrize("where, line", _command_lines())
def test_a_command_line_can_be_parsed(where: str, line: str) -> None:
    words = shlex.split(line)
    if words[0] == "./run":
        usage = subprocess.run([ROOT / "run"], capture_output=True, text=True, check=True).stdout
        assert re.search(rf"^  {words[1]} ", usage, re.MULTILINE), where
        if words[1] in ("test", "check"):
            return
        words = words[2:] if words[1] == "antiphon" else words[1:]
    else:
        words = words[1:]
    if words[0] == "serve" and not any(word.endswith(".yaml") for word in words):
        words.append("agent.yaml")  # `./run serve` has the example agent for a default
    if words[0] not in ("--version", "--help"):
        assert words[0] in COMMANDS, where
        make_reference.command_parser(words[0]).parse_args(words[1:])


@pytest.mark.parametrize("snippet", [s for s in of("console") if s.mark == "run"], ids=str)
def test_a_session_goes_as_shown(
    snippet: Snippet, reader: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed, *shown = snippet.text.splitlines()
    with contextlib.chdir(reader):
        assert cli.main(shlex.split(typed.removeprefix("$ antiphon "))) == 0
    pattern = "\n".join(map(re.escape, shown)).replace(re.escape("..."), r"\S+")
    assert re.fullmatch(pattern, capsys.readouterr().out.strip())


def test_every_example_can_be_imported_and_the_call_tells_its_story() -> None:
    for path in (ROOT / "examples").glob("*.py"):
        import_module(f"examples.{path.stem}")
    done = subprocess.run(
        [sys.executable, "-m", "examples.pretend_call"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1].endswith("two three four five six. Goodbye.")


@pytest.mark.parametrize(
    "words, said",
    [
        ((), "usage: python -m examples.https_server AGENT CERTIFICATE.pem KEY.pem\n"),
        (("no.yaml", "a.pem", "b.pem"), "https_server: no.yaml: cannot read the agent file"),
        (("examples/receptionist", "a.pem", "b.pem"), "--certificate a.pem cannot be used: No "),
    ],
)
def test_the_https_example_says_what_is_wrong_without_a_traceback(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.https_server", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src", "ANTIPHON_CALLS": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


# --- words ------------------------------------------------------------------------------------

BANNED = ("Manager", "Handler", "Processor", "Service", "Helper", "Base", "Utils", "Util")


def test_the_glossary_defines_each_word_once_and_in_order() -> None:
    rows = re.findall(r"^\| ([^|]+?) \|", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    words = [row for row in rows if row != "word" and not row.startswith("--")]
    assert len(words) > 30
    assert len(set(words)) == len(words)
    assert words == sorted(words, key=str.lower)


def test_no_class_or_module_has_a_name_that_says_nothing() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        assert not set(path.stem.split("_")) & {word.lower() for word in BANNED}, path
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                parts = re.findall(r"[A-Z][a-z0-9]*", node.name)
                assert not set(parts) & set(BANNED), f"{path}: {node.name}"
