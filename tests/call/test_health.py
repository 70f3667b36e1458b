"""How well a call is served: levels, notes, and what the caller hears of it."""

from tests.call.conftest import Exchange, Holding

from antiphon.call.health import Health
from antiphon.errors import Unavailable
from antiphon.testing.voice import Fault

ERROR = Unavailable("gone")
SCRIPT = """
- wait: agent_done
- say: What are your hours?
- wait: agent_done
"""


def told() -> tuple[Health, list[tuple[str, dict[str, object]]]]:
    notes: list[tuple[str, dict[str, object]]] = []

    def note(name: str, /, **fields: object) -> None:
        notes.append((name, fields))

    return Health({"stt": ("a",), "llm": ("b", "larger"), "tts": ("c",)}, note), notes


def test_the_level_is_that_of_the_worst_port() -> None:
    health, notes = told()
    health.of("stt").serves("a")
    assert health.level == 0
    assert not notes
    health.of("stt").serves("another")
    health.of("llm").nobody(ERROR)
    assert health.level == 2
    health.of("tts").nobody(ERROR)
    assert health.level == 3
    health.of("tts").serves("c")
    health.of("llm").serves("b")
    health.of("stt").serves("a")
    assert [fields["level"] for name, fields in notes if name == "served"] == [1, 2, 3, 2, 1, 0]


def test_one_who_stands_in_for_one_who_stood_in_is_noted() -> None:
    health, notes = told()
    for name in ("another", "another", "third", "a"):
        health.of("stt").serves(name)
    assert [(each["by"], each["level"]) for _, each in notes] == [
        ("another", 1),
        ("third", 1),
        ("a", 0),
    ]


def test_a_larger_model_is_nobodys_stand_in() -> None:
    health, notes = told()
    health.of("llm").serves("larger")
    assert health.level == 0
    assert notes == [("served", {"port": "llm", "by": "larger", "level": 0})]


def test_who_is_deserted_is_told_once_and_once_when_it_is_over() -> None:
    health, _ = told()
    heard: list[str] = []
    port = health.of(
        "stt",
        deserted=lambda error: heard.append(str(error)),
        served=lambda: heard.append("served"),
    )
    for _ in range(3):
        port.nobody(ERROR)
    for _ in range(3):
        port.serves("another")
    assert heard == ["gone", "served"]


def test_what_was_used_is_noted_and_nothing_is_not() -> None:
    health, notes = told()
    health.of("tts").used("c", letters=40)
    health.of("tts").used("c", letters=0)
    assert notes == [("used", {"port": "tts", "provider": "c", "letters": 40})]


def test_a_call_notes_what_it_used(hold: Holding) -> None:
    held = hold(SCRIPT)
    used = {note["port"]: note for note in held.notes("used")}
    assert used["stt"]["provider"] == "tones"
    assert 3.0 < used["stt"]["seconds"] <= used["stt"]["open_s"] + 0.1
    letters = sum(note["letters"] for note in held.notes("used") if note["port"] == "tts")
    assert letters >= len("Hello, how can I help? We open at eight. We close at six.") - 8


def test_a_caller_nobody_can_hear_is_told_so_and_when_it_is_over(hold: Holding) -> None:
    def deaf(exchange: Exchange) -> None:
        exchange.recogniser.refuses.extend(Unavailable("not now") for _ in range(5))

    held = hold("- wait: agent_done\n- silence: 9\n" + SCRIPT, deaf)
    assert "I cannot hear you." in held.heard
    assert "Now I can." in held.heard
    assert held.heard.endswith("We close at six.")
    levels = [note["level"] for note in held.notes("served") if note["port"] == "stt"]
    assert levels == [3, 0]
    assert held.replayed().difference is None


def test_a_caller_is_not_told_of_what_costs_them_nothing(hold: Holding) -> None:
    held = hold(SCRIPT, lambda exchange: exchange.recogniser.refuses.append(Unavailable("busy")))
    assert held.heard == "Hello, how can I help? We open at eight. We close at six."
    assert not held.told("EarsLost", "EarsFound")


def test_a_caller_nobody_ever_hears_is_taken_leave_of(hold: Holding) -> None:
    def deaf(exchange: Exchange) -> None:
        exchange.recogniser.refuses.extend(Unavailable("not now") for _ in range(500))

    held = hold("- wait: agent_done\n- silence: 60", deaf)
    assert held.heard.endswith("It does not get better.")
    assert held.ended.by == "agent"


def test_a_voice_that_stands_in_is_noted(hold: Holding) -> None:
    def fail(exchange: Exchange) -> None:
        exchange.voice.faults.append(Fault(after_s=0.3))
        exchange.stand_in_voice()

    held = hold(SCRIPT, fail)
    (first, *_rest) = held.notes("voice_lost")
    assert "scripted failure" in first["why"]
    served = [note for note in held.notes("served") if note["port"] == "tts"]
    assert [note["by"] for note in served] == ["other", "scripted"]
    assert "Hello, how can I help?" in held.heard
