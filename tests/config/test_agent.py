"""Agent files: what a right one becomes, and what is said of a wrong one."""

from pathlib import Path

import pytest

from antiphon.config.agent import AgentSettings, load, parse
from antiphon.errors import ConfigError
from antiphon.turns.settings import PRESETS

DIALOG = "dialog: {greeting: Hello}\n"
TOPIC = "name: A\ndialog:\n  topics:\n    - name: x\n      asks: [a]\n      says: b\n"
TURNS = "floor_s, sure_s, unsure_s, ceiling_s"


def mistake(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(text, "a.yaml")
    return caught.value


MANNER = "name: A\nmouth: {manners: {notice: {speed: "


@pytest.mark.parametrize(
    "text, line, what, fix",
    [
        # names that are not known
        (f"name: A\ngreting: x\n{DIALOG}", 2, "unknown setting 'greting'", "allowed here: name, "),
        (f"name: A\napi_key: x\n{DIALOG}", 2, "unknown setting 'api_key'", "of the environment"),
        (f"name: A\nlanguag: en\n{DIALOG}", 2, "'languag'", "did you mean 'language'?"),
        (f"name: A\nturns:\n  silence: 4\n{DIALOG}", 3, "'turns.silence'", "mean 'silence_s'?"),
        (f"name: A\nmouth: {{sped: 1}}\n{DIALOG}", 2, "'mouth.sped'", "here: voice, speed, "),
        (f"{TOPIC}      say: c\n", 7, "'dialog.topics.0.say'", "did you mean 'says'?"),
        (f"name: A\n1: x\n{DIALOG}", 2, "'1' is no name of a setting", "in quotes"),
        # the wrong kind of thing
        (f"name: 12\n{DIALOG}", 1, "name is text, not 12", "put it in quotes"),
        (f"name: yes\n{DIALOG}", 1, "name is text, not True", "put it in quotes"),
        (f"name:\n{DIALOG}", 1, "name is text, and nothing stands there", ""),
        (f"name: A\nturns: 3\n{DIALOG}", 2, "turns holds settings, not 3", TURNS),
        (f"name: A\nturns: [3]\n{DIALOG}", 2, "turns holds settings, not [3]", TURNS),
        ("name: A\ndialog:\n", 2, "dialog holds settings, and nothing stands there", "kind"),
        ("name: A\ndialog: hello\n", 2, "dialog holds settings, not 'hello'", "kind, greeting"),
        (f"name: A\nkeyterms: Maria\n{DIALOG}", 2, "is a list, not 'Maria'", "[one, another]"),
        (f"name: A\nmouth: {{lexicon: [a]}}\n{DIALOG}", 2, "names and values", "name: value"),
        (f"name: A\npreset: [a]\n{DIALOG}", 2, "preset is text, not ['a']", ""),
        ("name: A\ndialog:\n  topics:\n    x: y\n", 4, "dialog.topics is a list", "after a dash"),
        # values that cannot be
        (f"name: A\nturns:\n  floor_s: soon\n{DIALOG}", 3, "cannot be 'soon'", "from 0 to 86400"),
        (f"name: A\nturns:\n  floor_s: -1\n{DIALOG}", 3, "turns.floor_s cannot be -1", "from 0 to"),
        (f"name: A\nturns:\n  floor_s: .nan\n{DIALOG}", 3, "cannot be nan", "from 0 to 86400"),
        (f"name: A\nturns: {{max_turns: 0}}\n{DIALOG}", 2, "cannot be 0", "whole number from 1"),
        (f"name: A\nturns: {{silence_prompts: 1.5}}\n{DIALOG}", 2, "be 1.5", "whole number from 0"),
        (f"name: A\nturns: {{looks_s: [0.1, x]}}\n{DIALOG}", 2, "turns.looks_s.1 cannot be", ""),
        (f"name: A\nmouth: {{stall_s: 0}}\n{DIALOG}", 2, "stall_s cannot be 0", "above 0 to 30"),
        (f"name: A\nturns: {{barge_in: maybe}}\n{DIALOG}", 2, "be 'maybe'", "'at_once' or 'off'"),
        (f"name: A\nturns:\n  barge_in: off\n{DIALOG}", 3, "be False", 'write "off" in quotes'),
        (f"name: A\nturns: {{barge_in: yes}}\n{DIALOG}", 2, "be True", "it may be 'decide'"),
        (f"name: A\nturns: {{max_call_s: 0}}\n{DIALOG}", 2, "be 0", "from 1 to 86400"),
        (f"{TOPIC}      then: Hi {{name}}, {{answer}}.\n", 7, "knows {answer}, not {name}", ""),
        (f"{TOPIC}    - {{name: x, asks: [b], says: c}}\n", 4, "two topics are called 'x'", ""),
        (f"{TOPIC}      expects: number\n", 7, "be 'number'", "'open', 'yes_no', 'digits'"),
        (f"{TOPIC}      count: 99\n", 7, "count cannot be 99", "from 0 to 40"),
        (f"name: A\nstt: moonshine\n{DIALOG}", 2, "be 'moonshine'", "written as local/moonshine"),
        (f"name: A\nllm: anthropic\n{DIALOG}", 2, "be 'anthropic'", "mean 'anthropic/MODEL'?"),
        (f"name: A\nllm_large: Opus\n{DIALOG}", 2, "be 'Opus'", "it is written as anthropic/M"),
        (f"name: A\ntts: ElevenLabs/Flash\n{DIALOG}", 2, "be 'Eleven", "mean 'elevenlabs/flash'?"),
        (f"name: A\nturns: {{speculate: maybe}}\n{DIALOG}", 2, "be 'maybe'", "true or false"),
        (f"{MANNER}9}}}}}}\n{DIALOG}", 2, "manners.notice.speed cannot be 9", "2 at most"),
        (f"{MANNER}0}}}}}}\n{DIALOG}", 2, "manners.notice.speed cannot be 0", "0.5 or more"),
        (f"{MANNER}fast}}}}}}\n{DIALOG}", 2, "speed cannot be 'fast'", "it may be a number"),
        (f"name: A\nllm: {{}}\n{DIALOG}", 2, "llm is a list, not {}", "after a dash"),
        (f"name: A\ntts:\n- a/x\n- b/y\n- a/x\n{DIALOG}", 5, "a/x stands here twice", "leave"),
        (f"name: A\nchunk_ms: 10\n{DIALOG}", 2, "chunk_ms cannot be 10: it may be 20 to 200", ""),
        (f"name: A\nchunk_ms: sms\n{DIALOG}", 2, "phone, browser, batch, or auto", ""),
        (f"name: A\nlanguage: english\n{DIALOG}", 2, "be 'english'", "written as en or en-GB"),
        (f"name: ''\n{DIALOG}", 1, "name is empty", ""),
        ("name: A\ndialog:\n  silence: []\n", 3, "dialog.silence is empty", ""),
        (f"name: A\npreset: foo\n{DIALOG}", 2, "'foo'; there are receptionist, ivr", ""),
        # what contradicts itself
        (f"name: A\nturns:\n  floor_s: 5\n{DIALOG}", 3, "floor_s <= sure_s <= unsure_s", ""),
        ("name: A\nllm: null\ndialog:\n  small_talk: Hi\n", 4, "and llm is null; remove one", ""),
        (f"name: A\nllm: null\nname: B\n{DIALOG}", 3, "'name' stands here twice", "is in line 1"),
        (f"{TOPIC}      says: c\n", 7, "'says' stands here twice", "is in line 6"),
        # what is missing
        ("name: A\n", 1, "'dialog' is missing", "add a line dialog: ..."),
        (f"{TOPIC}    - name: y\n      says: b\n", 7, "'dialog.topics.1.asks'", "add a line asks"),
        # what is no agent file at all
        ("", 1, "an agent file is a list of settings", "known: name, language, stt"),
        ("# nothing but this\n", 1, "an agent file is a list of settings", "known: name, "),
        ("- a\n- b\n", 1, "an agent file is a list of settings", "known: name, "),
        ("name: [\n", 2, "not YAML: expected the node content", ""),
        ("name: A\n\tx: 1\n", 2, "not YAML: found character '\\t'", "indent with spaces"),
        ("name: A\n---\nname: B\n", 2, "not YAML: but found another document", "three dashes"),
        ("name: !!python/object/apply:os.system [ls]\n", 1, "not YAML: could not determine", ""),
        ("name: A\ndialog:\n  greeting: Well: hi\n", 3, "not YAML: mapping values", "wants quotes"),
        ('name: A\ndialog:\n  greeting: "Hi\n', 3, "not YAML: found unexpected end", "opens here"),
        ("name: A\ndialog:\n  greeting: *hi*\n", 3, "not YAML: expected alpha", "begins with *"),
        ("name: A\n\nx\ny:\n", 4, "not YAML: could not find", "a colon and a space"),
        ("name: A\nllm: \x01\n", 2, "the character 0x0001 may not stand in a file", ""),
        ("name: A\ndialog: " + "[" * 3000 + "]" * 3000, 1, "nested too deeply", ""),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_may_stand_there(
    text: str, line: int, what: str, fix: str
) -> None:
    error = mistake(text)

    assert error.where == f"a.yaml:{line}"
    assert what in error.what
    assert fix in error.fix
    assert "\n" not in error.what
    # Nothing of the machinery shows.
    assert not any(word in str(error) for word in ("pydantic", "TurnSettings", "Value error"))


def test_further_mistakes_are_named_by_their_place() -> None:
    error = mistake("name: 1\nllm: x\ndialog: {greeting: 2, topics: {}, kind: poet, bye: x}\n")

    assert error.what == "unknown setting 'dialog.bye'"
    assert error.fix.endswith(
        "also wrong: name (a.yaml:1), llm (a.yaml:2), dialog.kind (a.yaml:3), "
        "dialog.greeting (a.yaml:3)"
    ), "at most four, so that it stays one message"


@pytest.mark.parametrize("aliases", ["*a, *a, *a, *a, *a, *a, *a, *a, *a", "*b"])
def test_aliases_that_multiply_or_hold_themselves_do_no_harm(aliases: str) -> None:
    """Nine lists of nine lists of nine ... is a few lines of YAML and a billion words."""
    names = "abcdefghij"
    text = "keyterms:\n  - &a [x]\n" + "".join(
        f"  - &{name} [{aliases.replace('a', names[n])}]\n" for n, name in enumerate(names[1:])
    )

    error = mistake(f"name: A\n{text}{DIALOG}")

    assert error.where == "a.yaml:3"
    assert len(str(error)) < 500


def test_an_alias_repeats_what_it_names() -> None:
    agent = parse("name: A\nturns: &t {floor_s: 0.2}\nkeyterms: &k [Joe]\n" + DIALOG, "a.yaml")
    again = parse(
        "name: A\nkeyterms: &k [Joe]\ndialog: {topics: [{name: x, asks: *k, says: b}]}", ""
    )

    assert agent.turns.floor_s == 0.2
    assert again.dialog.topics[0].asks == ("Joe",)


@pytest.mark.parametrize("preset", PRESETS)
def test_turns_lie_over_the_preset_they_start_from(preset: str) -> None:
    agent = parse(f"name: A\npreset: {preset}\nturns: {{silence_s: 33}}\n{DIALOG}", "a.yaml")

    assert agent.turns == PRESETS[preset].model_copy(update={"silence_s": 33.0})


def test_without_a_preset_turns_start_from_the_receptionist() -> None:
    assert parse(f"name: A\n{DIALOG}", "a.yaml").turns == PRESETS["receptionist"]
    assert parse(f"name: A\nturns:\n{DIALOG}", "a.yaml").turns == PRESETS["receptionist"]


def test_an_agent_survives_its_json_form() -> None:
    """A call log keeps the agent so, and a replay rebuilds it."""
    agent = parse(f"name: A\npreset: dictation\nturns: {{silence_s: 33}}\n{TOPIC[8:]}", "a.yaml")

    assert AgentSettings.model_validate(agent.model_dump(mode="json")) == agent


# --- files ---------------------------------------------------------------------------------------


def unloadable(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value


def test_a_folder_stands_for_its_agent_yaml(tmp_path: Path) -> None:
    (tmp_path / "agent.yaml").write_text(f"name: A\n{DIALOG}")

    assert load(tmp_path) == load(tmp_path / "agent.yaml")
    assert load(tmp_path).name == "A"


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_bytes(b"\xef\xbb\xbfname: A\r\n" + DIALOG.encode())

    assert load(file).name == "A"


@pytest.mark.parametrize("missing", ["none.yaml", "", "agent.yaml/below"])
def test_a_file_that_is_not_there(tmp_path: Path, missing: str) -> None:
    error = unloadable(tmp_path / missing)

    assert error.where.startswith(str(tmp_path))
    assert error.what.startswith("cannot read the agent file: No")
    assert error.fix == "name an agent.yaml, or the directory that holds one"


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "agent.yaml").mkdir()

    assert unloadable(tmp_path / "agent.yaml").fix.startswith("name an agent.yaml")
    assert "Is a directory" in unloadable(tmp_path).what


@pytest.mark.parametrize(
    "data, line",
    [("name: A\nllm: é\n".encode("latin-1"), 2), ("name: A\n".encode("utf-16"), 1)],
)
def test_text_that_is_not_utf_8(tmp_path: Path, data: bytes, line: int) -> None:
    file = tmp_path / "agent.yaml"
    file.write_bytes(data)

    error = unloadable(file)

    assert error.where == f"{file}:{line}"
    assert error.what.startswith("not UTF-8 text")
    assert error.fix == "save it as UTF-8"
