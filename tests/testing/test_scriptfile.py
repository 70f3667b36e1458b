from pathlib import Path

import pytest

from antiphon.errors import ConfigError
from antiphon.testing.script import Breath, HangUp, Moment, Play, Say, Silence, Sound, Wait
from antiphon.testing.scriptfile import parse, read


def test_every_kind_of_step_is_read(tmp_path: Path) -> None:
    (tmp_path / "hello.wav").write_bytes(b"x")
    script = parse(
        """
pitch: 1.2
speed: 0.9
voice: joe
steps:
  - wait: agent_done
    timeout_s: 20
    quiet_s: 1
  - say: I would like to book <breath 0.7> for Thursday.
    level_db: -6
  - say: Mhm.
    role: backchannel
    while: agent_speaking
    after_s: 1.2
    timeout_s: 5
  - play: hello.wav
    text: hello
    role: interruption
  - sound: cough
    while: agent_speaking
  - sound: hum
    text: Mhm
  - silence: 8
  - silence: 20
    until: agent_done
  - hang_up
""",
        folder=tmp_path,
    )
    assert (script.pitch, script.speed, script.voice) == (1.2, 0.9, "joe")
    assert script.steps == (
        Wait(timeout_s=20, quiet_s=1, line=6),
        Say(
            parts=("I would like to book", Breath(0.7), "for Thursday."),
            role="breath",
            level_db=-6,
            line=9,
        ),
        Say(parts=("Mhm.",), role="backchannel", moment=Moment(1.2, 5), line=11),
        Play(path=tmp_path / "hello.wav", text="hello", role="interruption", line=16),
        Sound(kind="cough", text="(cough)", moment=Moment(1.0, 10), line=19),
        Sound(kind="hum", text="Mhm", line=21),
        Silence(seconds=8, line=23),
        Silence(seconds=20, quiet_s=0.6, line=24),
        HangUp(line=26),
    )
    assert script.steps[1].text == "I would like to book for Thursday."


@pytest.mark.parametrize(
    "text, line, says",
    [
        ("", 1, "empty"),
        ("steps: [", 1, "not YAML"),
        ("\x00", 1, "not YAML"),
        ("- say: hello", 1, "a script is a mapping"),
        ("steps:\n  - say: hi\nvoices: joe", 3, "steps, pitch, speed, voice"),
        ("steps: []", 1, "a list of steps"),
        ("pitch: 1", 1, "a list of steps"),
        ("pitch: 3\nsteps: [hang_up]", 1, "pitch is a number from 0.5 to 2"),
        ("speed: .nan\nsteps: [hang_up]", 1, "speed is a number"),
        ("pitch: [1]\nsteps: [hang_up]", 1, "pitch is a number"),
        ("steps:\n  - hangup", 2, "a step begins with say, play, sound, wait, silence, hang_up"),
        ("steps:\n  - shout: hi", 2, "no such step: shout"),
        ("steps:\n  - {}", 2, "no such step: nothing"),
        ("steps:\n  - say: hi\n    loud: 3", 3, "a say step has no 'loud'"),
        ("steps:\n  - say: hi\n    say: ho", 3, "twice"),
        ("steps:\n  - say:", 2, "needs some text"),
        ("steps:\n  - say: [hi]", 2, "needs some text"),
        ("steps:\n  - say: hi <breath>", 2, "a breath is <breath 0.7>"),
        ("steps:\n  - say: hi <breath 0.7>", 2, "words on both sides"),
        ("steps:\n  - say: hi\n    role: shout", 3, "question, breath, backchannel, interruption"),
        ("steps:\n  - say: hi\n    while: agent_speaking", 2, "needs a role"),
        ("steps:\n  - say: hi\n    after_s: 2", 3, "add while: agent_speaking"),
        ("steps:\n  - say: hi\n    role: question\n    while: talking", 4, "one of agent_speaking"),
        ("steps:\n  - say: hi\n    level_db: 40", 3, "from -40 to 12"),
        ("steps:\n  - sound: bark", 2, "cough, hum, noise, slam"),
        ("steps:\n  - wait: forever", 2, "one of agent_done"),
        ("steps:\n  - silence: 8\n    quiet_s: 1", 3, "needs until: agent_done"),
        ("steps:\n  - silence: 8\n    until: noon", 3, "one of agent_done"),
        ("steps:\n  - silence: long", 2, "silence is a number from 0 to 600"),
        ("steps:\n  - play: gone.wav", 2, "there is no file gone.wav"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_it_may_be(
    text: str, line: int, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "call.yaml")
    assert caught.value.where == f"call.yaml:{line}"
    assert says in str(caught.value)


def test_a_file_is_read_and_its_recordings_found_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    path = tmp_path / "call.yaml"
    path.write_text("steps:\n  - play: a.wav\n")
    (step,) = read(path).steps
    assert isinstance(step, Play)
    assert step.path == tmp_path / "a.wav"
    assert step.text == "(a.wav)"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml: No such file"):
        read(tmp_path / "gone.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read(tmp_path / "binary.yaml")


def test_the_demo_script_holds_what_the_demo_promises() -> None:
    root = Path(__file__).parents[2]
    script = read(root / "examples" / "receptionist" / "demo-script.yaml")
    said = [step for step in script.steps if isinstance(step, Say | Sound)]
    roles = [step.role for step in said]
    assert roles.count("question") >= 2
    assert roles.count("breath") == 1
    assert roles.count("backchannel") == 1
    assert roles.count("interruption") == 1
    assert [
        part
        for step in said
        if isinstance(step, Say)
        for part in step.parts
        if isinstance(part, Breath)
    ] == [Breath(0.7)]
    assert any(isinstance(step, Silence) for step in script.steps)
    assert isinstance(script.steps[-1], HangUp)
