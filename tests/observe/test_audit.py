"""Every claim about a scripted call can be borne out, and can fail."""

from typing import Any

import pytest

from antiphon import actions as order
from antiphon import events as told
from antiphon.errors import ConfigError
from antiphon.observe.audit import audit
from antiphon.observe.logreader import read
from antiphon.observe.playback import load

VERDICTS = {
    "answered",
    "yielded",
    "backchannel_kept",
    "breath_not_cut",
    "prompted_on_silence",
    "log_complete",
}


def audited(script: Any) -> dict[str, Any]:
    return audit(load(script.wav()), script.log())


def fails(found: dict[str, Any], verdict: str, why: str) -> None:
    """Only this verdict, for this reason."""
    assert not found["ok"]
    assert {name for name in VERDICTS if not found[name]} == {verdict}
    assert [trouble for trouble in found["troubles"] if why in trouble], found["troubles"]


def without(script: Any, *kinds: type) -> None:
    """Take these events, or these orders, out of the log."""
    kept = []
    for at_s, number, kind, what in script.happened:
        if kind == "actions":
            orders = [action for action in what if not isinstance(action, kinds)]
            if orders:
                kept.append((at_s, number, kind, orders))
        elif not isinstance(what, kinds):
            kept.append((at_s, number, kind, what))
    script.happened = kept


def unsaid(script: Any, role: str) -> None:
    """Take a role out of the caller's script."""
    script.happened = [
        one for one in script.happened if one[2] != "note" or one[3][1].get("role") != role
    ]


def test_a_good_call_is_borne_out(demo: Any) -> None:
    found = audited(demo)
    assert found["ok"]
    assert found["troubles"] == []
    assert all(found[name] is True for name in VERDICTS)
    times = found["voice_to_voice_ms"]
    assert times["n"] == 4
    assert times["p50"] == pytest.approx(450, abs=2)
    assert times["p95"] == pytest.approx(920, abs=2)
    assert {(each["role"], round(each["ms"])) for each in times["each"]} == {
        ("question", 320),
        ("question", 450),
        ("breath", 920),
        ("interruption", 550),
    }
    assert found["yield_ms"] == pytest.approx(420, abs=2)
    assert found["ducked_ms"] == pytest.approx(150, abs=20)
    assert found["turns"] == 4


# --- answered ----------------------------------------------------------------------------------


def test_a_question_nobody_answers(demo: Any) -> None:
    demo.hush(1, 5.2, 8.5)
    found = audited(demo)
    fails(found, "answered", "was never answered")
    assert found["voice_to_voice_ms"]["n"] == 3
    assert found["voice_to_voice_ms"]["each"][0]["ms"] is None


def test_an_agent_that_talks_over_the_end_of_a_question_has_not_answered_it(demo: Any) -> None:
    demo.play(1, demo.voice("no", 1.0), 4.7)
    fails(audited(demo), "answered", "the agent was speaking when the caller finished")


def test_a_question_that_is_not_in_the_recording(demo: Any) -> None:
    demo.hush(0, 3.3, 5.3)
    demo.hush(0, 21.1, 23.0)
    found = audited(demo)
    assert (
        "question 'What are your opening hours?' cannot be heard in the recording"
        in (found["troubles"])
    )
    assert found["voice_to_voice_ms"]["n"] == 2


def test_a_filler_does_not_stop_the_clock(demo: Any) -> None:
    demo.order(14.5, order.Speak(reply=60, text="One moment.", kind="filler"))
    demo.play(1, demo.voice("One moment.", 0.3), 14.6)
    demo.event(14.6, told.ReplyStarted(reply=60))
    demo.event(14.9, told.ReplyFinished(reply=60, heard="One moment."))
    found = audited(demo)
    assert found["ok"]
    breath = next(e for e in found["voice_to_voice_ms"]["each"] if e["role"] == "breath")
    assert breath["ms"] == pytest.approx(920, abs=2)


def test_nothing_to_measure_is_no_success(script: Any) -> None:
    script.play(1, script.voice("hello", 1.0), 0.5)
    found = audited(script)
    assert not found["ok"]
    assert not any(found[name] for name in VERDICTS - {"log_complete"})
    assert found["voice_to_voice_ms"] == {"p50": None, "p95": None, "n": 0, "each": []}
    assert found["yield_ms"] is None
    assert len(found["troubles"]) == 5


# --- yielded -----------------------------------------------------------------------------------


def test_an_agent_that_talks_on_does_not_yield(demo: Any) -> None:
    demo.play(1, demo.voice("and on and on", 3.0), 24.8)
    found = audited(demo)
    assert not found["yielded"]
    assert found["yield_ms"] > 1000
    assert any("spoke on" in trouble for trouble in found["troubles"])


def test_an_agent_that_happened_to_finish_did_not_yield(demo: Any) -> None:
    without(demo, told.ReplyStopped)
    demo.event(24.95, told.ReplyFinished(reply=7, heard="all of it"))
    fails(audited(demo), "yielded", "spoke on")


def test_interrupting_nobody_shows_nothing(demo: Any) -> None:
    demo.hush(1, 23.0, 25.0)
    found = audited(demo)
    assert not found["yielded"]
    assert found["yield_ms"] is None
    assert found["ducked_ms"] is None
    assert any("nobody was speaking" in trouble for trouble in found["troubles"])


def test_an_agent_that_stops_without_ducking_was_loud_until_then(demo: Any) -> None:
    demo.play(1, demo.voice("loud", 0.3), 24.6)
    found = audited(demo)
    assert found["ok"]
    assert found["ducked_ms"] == pytest.approx(400, abs=21)


# --- backchannel_kept --------------------------------------------------------------------------


def test_an_agent_that_pauses_for_a_listening_noise(demo: Any) -> None:
    demo.hush(1, 17.3, 17.8)
    fails(audited(demo), "backchannel_kept", "the agent paused for 0.50 s")


def test_an_agent_that_gives_up_after_a_listening_noise(demo: Any) -> None:
    demo.hush(1, 17.8, 20.7)
    fails(audited(demo), "backchannel_kept", "the agent paused")


def test_an_agent_that_starts_over_has_not_kept_its_reply(demo: Any) -> None:
    demo.event(18.6, told.ReplyStopped(reply=5, heard="", unheard=""))
    demo.happened = [
        one
        for one in demo.happened
        if not (isinstance(one[3], told.ReplyFinished) and one[3].reply == 5)
    ]
    fails(audited(demo), "backchannel_kept", "was not finished")


def test_a_listening_noise_while_nobody_speaks_shows_nothing(demo: Any) -> None:
    demo.hush(1, 16.8, 17.5)
    fails(audited(demo), "backchannel_kept", "the agent was not speaking")


# --- breath_not_cut ----------------------------------------------------------------------------


def test_an_agent_that_cuts_in_during_the_breath(demo: Any) -> None:
    demo.play(1, demo.voice("Sure!", 0.5), 11.6)
    fails(audited(demo), "breath_not_cut", "the agent cut in at 11.60 s")


def test_a_turn_that_lost_its_first_half(demo: Any) -> None:
    without(demo, order.Answer)
    demo.order(
        14.62,
        order.Answer(
            turn=2, text="to Thursday afternoon if that works", start_s=12, end_s=14.2, why=""
        ),
    )
    fails(audited(demo), "breath_not_cut", "no turn holds both halves")


def test_words_a_recogniser_misheard_do_not_cut_a_turn(demo: Any) -> None:
    without(demo, order.Answer)
    demo.order(
        14.62,
        order.Answer(turn=2, text="Would like to move my ointment", start_s=9, end_s=11, why=""),
        order.Amend(turn=2, text="Would like to move my ointment to Thursday if that works"),
    )
    assert audited(demo)["breath_not_cut"]


def test_an_utterance_without_a_breath_shows_nothing(demo: Any) -> None:
    demo.play(0, demo.voice("fill", 0.8), 11.35)
    fails(audited(demo), "breath_not_cut", "there is no breath")


# --- prompted_on_silence -------------------------------------------------------------------------


def test_a_silence_nobody_notices(demo: Any) -> None:
    without(demo, order.NoticeSilence)
    fails(audited(demo), "prompted_on_silence", "never noticed")


def test_a_prompt_nobody_hears(demo: Any) -> None:
    demo.hush(1, 34.0, 37.0)
    fails(audited(demo), "prompted_on_silence", "nothing was said into the silence")


def test_a_silence_that_was_none(demo: Any) -> None:
    demo.play(0, demo.voice("hello?", 0.5), 32.0)
    fails(audited(demo), "prompted_on_silence", "the caller was not silent")


# --- the script and the log ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "role, verdict",
    [
        ("breath", "breath_not_cut"),
        ("backchannel", "backchannel_kept"),
        ("interruption", "yielded"),
        ("silence", "prompted_on_silence"),
    ],
)
def test_what_the_caller_never_did_is_not_shown(demo: Any, role: str, verdict: str) -> None:
    unsaid(demo, role)
    fails(audited(demo), verdict, f"never did this: {role}")


def test_a_log_without_an_end(demo: Any) -> None:
    recording, log = load(demo.wav()), demo.log()
    log.path.write_text("".join(log.path.read_text().splitlines(keepends=True)[:-1]))
    fails(audit(recording, read(log.path)), "log_complete", "no end")


def test_a_log_that_lost_lines(demo: Any) -> None:
    recording, log = load(demo.wav()), demo.log()
    log.path.write_text(log.path.read_text().replace('"lost":0', '"lost":3'))
    fails(audit(recording, read(log.path)), "log_complete", "3 lines of the call log were lost")


def test_a_note_that_is_no_script_is_named(script: Any) -> None:
    script.note(1.0, "caller_said", text="hm", start_s=0, end_s=1, role="singing")
    with pytest.raises(ConfigError, match="caller_said"):
        audited(script)


def test_what_ends_without_having_begun_is_passed_over(demo: Any) -> None:
    demo.event(1.0, told.ReplyFailed(reply=99, heard="", reason="lost"))
    assert audited(demo)["ok"]
