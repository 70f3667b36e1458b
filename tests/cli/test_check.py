"""`antiphon check`: what is wrong with an agent, and what is missing for it."""

import json
from pathlib import Path

import pytest

from antiphon.cli.main import main
from antiphon.testing import scriptfile


def test_a_right_file_with_all_it_needs(
    desk: Path, all_models: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(desk)]) == 0
    assert capsys.readouterr().out.startswith("Front Desk: the agent file is right")


def test_the_example_agent_is_right(all_models: None, capsys: pytest.CaptureFixture[str]) -> None:
    example = Path(__file__).parents[2] / "examples" / "receptionist"

    assert main(["check", str(example), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "agent": "Riverside Dental",
        "mistakes": [],
    }


def test_the_example_with_vendors_wants_keys_or_the_sandbox(
    all_models: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = ("DEEPGRAM_API_KEY", "ELEVENLABS_API_KEY", "ANTHROPIC_API_KEY")
    for key in keys:
        monkeypatch.delenv(key, raising=False)
    example = Path(__file__).parents[2] / "examples" / "tea_house"

    assert main(["check", str(example)]) == 1
    said = capsys.readouterr().out
    assert all(f"needs {key}, which is not set" in said for key in keys)
    assert main(["check", str(example), "--sandbox=scripted"]) == 0
    assert scriptfile.read(example / "caller.yaml").steps


@pytest.mark.parametrize(
    "port, name, meant",
    [
        ("stt", "local/moonshin", "local/moonshine"),
        ("tts", "local/pipre", "local/piper"),
        ("llm", "local/smollm", "local/smollm2"),
        ("endpoint", "local/smart_turn", "local/smart-turn"),
    ],
)
def test_an_unknown_provider_is_named_with_the_one_that_was_meant(
    desk: Path,
    all_models: None,
    capsys: pytest.CaptureFixture[str],
    port: str,
    name: str,
    meant: str,
) -> None:
    desk.write_text(desk.read_text().replace("llm: null\n", "") + f"{port}: {name}\n")

    assert main(["check", str(desk)]) == 1

    said = capsys.readouterr().out
    line = desk.read_text().count("\n")
    assert said.startswith(f"{desk}:{line}: {port}: no provider {name!r}")
    assert f"did you mean {meant!r}? there are: " in said


@pytest.mark.parametrize(
    "setting, said, fix",
    [
        ("language: de", "language: local/moonshine hears no 'de'", "it hears en; "),
        (
            "mouth: {language: de}",
            "mouth.language: local/piper speaks no 'de'",
            "it speaks en; name another engine for de",
        ),
        ("mouth: {voice: amy}", "mouth.voice: local/piper has no voice 'amy'", "it has one"),
    ],
)
def test_what_an_engine_cannot_hear_or_speak_is_named_with_its_line(
    desk: Path,
    all_models: None,
    capsys: pytest.CaptureFixture[str],
    setting: str,
    said: str,
    fix: str,
) -> None:
    desk.write_text(f"{desk.read_text()}{setting}\n")

    assert main(["check", str(desk), "--json"]) == 1

    (found,) = json.loads(capsys.readouterr().out)["mistakes"]
    assert found["what"] == said
    assert fix in found["fix"]
    assert found["where"] == f"{desk}:{desk.read_text().count(chr(10))}"


def test_every_missing_model_is_named_with_the_command_that_fetches_it(
    desk: Path, no_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(desk), "--json"]) == 1

    said = json.loads(capsys.readouterr().out)
    assert not said["ok"]
    assert [mistake["fix"] for mistake in said["mistakes"]] == [
        f"antiphon models pull {name}"
        for name in ("moonshine-tiny-en", "piper-joe", "smart-turn", "silero-vad")
    ]


def test_a_missing_model_is_told_to_people_in_a_line_and_its_fix(
    desk: Path, no_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(desk)]) == 1
    assert "model piper-joe is not on this machine\n  antiphon models pull piper-joe\n" in (
        capsys.readouterr().out
    )


def test_a_wrong_file_is_a_usage_error_with_its_line(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.write_text("name: A\ngreeting: Hi\n")

    assert main(["check", str(desk)]) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"antiphon: {desk}:2: unknown setting 'greeting'\n")


def test_with_json_a_wrong_file_is_json(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write_text("name: A\ndialog: {greting: Hi}\n")

    assert main(["check", str(desk), "--json"]) == 2

    error = json.loads(capsys.readouterr().out)["error"]
    assert error["where"] == f"{desk}:2"
    assert error["what"] == "unknown setting 'dialog.greting'"
    assert error["fix"].startswith("did you mean 'greeting'?")


def test_a_missing_key_hides_no_other_mistake(
    desk: Path,
    all_models: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DEEPGRAM_API_KEY", raising=False)
    settings = "stt: deepgram/flux\nproviders:\n  deepgram/flux: {eot_treshold: 0.8}\n"
    desk.write_text(desk.read_text() + settings)

    assert main(["check", str(desk), "--json"]) == 1

    key, setting = json.loads(capsys.readouterr().out)["mistakes"]
    assert key["what"] == "deepgram/flux needs DEEPGRAM_API_KEY, which is not set"
    assert setting["what"] == "providers: deepgram/flux: no setting 'eot_treshold'"
    assert setting["where"] == f"{desk}:{desk.read_text().count(chr(10))}"
