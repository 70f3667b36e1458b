"""What a caller hears and what the machines are told, reply by reply."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.actions import Speak
from antiphon.errors import Rejected
from antiphon.events import ReplyFailed, ReplyFinished, ReplyStarted, ReplyStopped
from antiphon.media.plane import Plane
from antiphon.mouth.clause import Clause
from antiphon.mouth.mouth import Mouth
from antiphon.mouth.phrases import PhraseCache
from antiphon.mouth.reply import Reply
from antiphon.mouth.settings import MouthSettings
from antiphon.mouth.speakable import speakable
from antiphon.mouth.warming import warm
from antiphon.net.roster import Roster
from antiphon.testing.attendance import Attendees
from antiphon.testing.clock import VirtualClock
from antiphon.testing.line import Faults, PretendTransport
from antiphon.testing.voice import Fault, ScriptedVoice

Play = Callable[..., Any]
TEXT = "Sure, I can do that for you. It will take a minute, or maybe two."
LINES = [
    {"ducking": "remote_gain", "delay_s": 0.05},
    {"ducking": "flush", "delay_s": 0.05},
    {"ducking": "lead", "lead_s": 0.06, "confirms": False},
]
KINDS = pytest.mark.parametrize("line", LINES, ids=lambda line: line["ducking"])


def level(samples: Any) -> float:
    return float(np.sqrt(np.mean(np.square(samples.astype(float)))))


@KINDS
def test_a_reply_is_ready_started_and_finished(play: Play, line: dict[str, Any]) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT)
        await stage.until(ReplyFinished)

    stage = play(scene, **line)
    assert stage.names(1) == ["ReplyReady", "ReplyStarted", "ReplyFinished"]
    assert stage.of(ReplyFinished)[0].heard == TEXT
    # First audio after the voice's 0.1 s and one piece; nothing is added by waiting for a beat.
    assert stage.when(ReplyStarted) == pytest.approx(0.105, abs=0.001)
    assert stage.mouth.figures.underruns == 0
    assert stage.transport.played_samples == stage.transport.sent_samples
    assert stage.voice.open == 0


@KINDS
def test_no_more_than_the_lead_is_ever_on_its_way(play: Play, line: dict[str, Any]) -> None:
    most = 0.0

    async def scene(stage: Any) -> None:
        nonlocal most
        stage.speak(1, TEXT)
        while not stage.of(ReplyFinished):
            transport = stage.transport
            ahead = (transport.sent_samples - transport.played_samples) / transport.rate_hz
            most = max(most, ahead - line.get("delay_s", 0.0))
            await stage.clock.sleep(0.003)

    stage = play(scene, **line)
    assert most <= stage.transport.facts.lead_s + 0.001


def test_text_may_stream_and_the_first_clause_does_not_wait_for_the_rest(play: Play) -> None:
    async def scene(stage: Any) -> None:
        for piece in ("Su", "re,", " I can ", "do that", " for you.", " Bye."):
            stage.speak(1, piece, last=False)
            await stage.clock.sleep(0.05)
        await stage.until(ReplyStarted)
        stage.speak(1, "", last=True)
        await stage.until(ReplyFinished)

    stage = play(scene)
    assert stage.voice.said == ["Sure,", "I can do that for you.", "Bye."]
    assert stage.when(ReplyStarted) < 0.26
    assert stage.of(ReplyFinished)[0].heard == "Sure, I can do that for you. Bye."


def test_a_held_reply_is_made_but_not_heard_until_its_release(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT + " And so on, and so forth. " * 20, held=True)
        await stage.clock.sleep(1)
        assert stage.names(1) == ["ReplyReady"]
        # Look-ahead is bounded: of a long reply only the beginning was made.
        assert len(stage.voice.said) <= 3
        stage.mouth.release(1)
        assert stage.names(1) == ["ReplyReady", "ReplyStarted"]
        await stage.clock.sleep(0.1)
        assert stage.transport.played_samples > 0

    play(scene)


def test_a_release_may_be_taken_back_before_anything_was_heard(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT)
        stage.mouth.hold(1)
        await stage.clock.sleep(1)
        assert stage.names(1) == ["ReplyReady"]
        stage.mouth.release(1)
        stage.mouth.hold(1)  # too late
        await stage.until(ReplyFinished)

    play(scene)


def test_a_discarded_reply_leaves_no_trace_and_its_late_text_is_dropped(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, "Sure, I can", last=False, held=True)
        await stage.clock.sleep(0.5)
        stage.mouth.discard(1)
        stage.speak(1, " do that.", last=True)
        await stage.clock.sleep(1)

    stage = play(scene)
    assert stage.names(1) == ["ReplyReady"]
    assert stage.transport.sent_samples == 0
    assert stage.voice.open == 0


def test_a_reply_discarded_too_late_is_stopped_and_told(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT)
        await stage.clock.sleep(1)
        stage.mouth.discard(1)
        await stage.until(ReplyStopped)

    stage = play(scene)
    assert stage.of(ReplyStopped)[0].heard.startswith("Sure,")


def test_replies_play_in_order_and_a_filler_goes_first(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, "One moment ago. ")
        stage.speak(2, "Second reply here.")
        stage.speak(3, "Third reply here.")
        await stage.until(ReplyStarted)
        stage.speak(4, "Hm, let me see.", kind="filler")
        await stage.until(ReplyFinished, 3)

    stage = play(scene)
    assert [event.reply for event in stage.of(ReplyStarted)] == [1, 4, 2, 3]
    times = [
        (stage.when(ReplyFinished, a), stage.when(ReplyStarted, b))
        for a, b in pairwise((1, 4, 2, 3))
    ]
    assert all(0.1 <= begun - ended <= 0.2 for ended, begun in times)


def test_a_filler_bridges_a_reply_whose_text_does_not_come(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, "", last=False)
        stage.speak(2, "One moment.", kind="filler")
        await stage.until(ReplyFinished, 2)
        stage.speak(1, "Here it is.", last=True)
        await stage.until(ReplyFinished, 1)

    play(scene)


@KINDS
def test_ducking_lowers_the_voice_at_once_and_restoring_loses_nothing(
    play: Play, line: dict[str, Any]
) -> None:
    marks = {}

    async def scene(stage: Any) -> None:
        # One word of four seconds swells for two and fades for two.
        stage.speak(1, "A" * 70)
        await stage.clock.sleep(1.7)
        marks["duck"] = stage.clock.now()
        stage.mouth.duck()
        await stage.clock.sleep(0.5)
        marks["restore"] = stage.clock.now()
        stage.mouth.restore()
        await stage.until(ReplyFinished)

    stage = play(scene, voice={"pitches_hz": (200.0,)}, **line)
    heard = stage.transport
    loud = level(heard.heard_at(marks["duck"] - 0.1, 0.1))
    # Orders take 50 ms, a flush as long again until what is resent arrives.
    low = level(heard.heard_at(marks["duck"] + 0.2, 0.2))
    assert 20 * np.log10(low / loud) == pytest.approx(-18, abs=2)
    assert level(heard.heard_at(marks["restore"] + 0.35, 0.1)) > 0.7 * loud
    # All of the voice was heard, once.
    spoken = np.count_nonzero(np.abs(heard.heard_audio) > 0) / 8000
    # Every twentieth sample of a hum at 200 Hz is zero.
    assert spoken == pytest.approx(0.95 * stage.voice.length_s("a" * 70), abs=0.03)


@KINDS
def test_stopping_silences_the_line_and_tells_what_was_heard(
    play: Play, line: dict[str, Any]
) -> None:
    marks = {}

    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT)
        stage.speak(2, "Another reply.")
        stage.speak(3, "A prepared answer.", held=True)
        await stage.clock.sleep(1.5)
        marks["stop"] = stage.clock.now()
        stage.mouth.stop()
        await stage.clock.sleep(1)
        assert stage.names(3) == ["ReplyReady"]
        stage.mouth.release(3)
        await stage.until(ReplyFinished, 3)

    stage = play(scene, **line)
    heard, unheard = (stage.of(ReplyStopped)[i] for i in (0, 1))
    if heard.reply != 1:
        heard, unheard = unheard, heard
    assert (unheard.heard, unheard.unheard) == ("", "Another reply.")
    assert heard.heard + heard.unheard == TEXT
    assert heard.heard in {"Sure, I can do that for you.", "Sure, I can do that for"}
    assert len(stage.of(ReplyStopped)) == 2
    silent_from = marks["stop"] + 0.05 + 0.1
    assert level(stage.transport.heard_at(silent_from, 0.8)) == 0
    assert stage.when(ReplyStopped) - marks["stop"] < 0.2
    assert stage.voice.open == 0


@KINDS
def test_a_reply_after_a_ducked_and_stopped_one_is_at_full_voice(
    play: Play, line: dict[str, Any]
) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT)
        await stage.clock.sleep(1)
        stage.mouth.duck()
        await stage.clock.sleep(0.2)
        stage.mouth.stop()
        await stage.until(ReplyStopped)
        stage.speak(2, "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaa.")
        await stage.until(ReplyFinished, 2)

    stage = play(scene, voice={"pitches_hz": (200.0,)}, **line)
    audio = stage.transport.heard_audio[round(stage.when(ReplyStarted, 2) * 8000) :]
    assert np.abs(audio).max() > 4000


@KINDS
def test_a_voice_that_ends_while_ducked_is_at_full_voice_next_time(
    play: Play, line: dict[str, Any]
) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, "Goodness me.")
        await stage.until(ReplyStarted)
        await stage.clock.sleep(0.3)
        stage.mouth.duck()
        await stage.until(ReplyFinished)
        stage.speak(2, "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaa.")
        await stage.until(ReplyFinished, 2)

    stage = play(scene, voice={"pitches_hz": (200.0,)}, **line)
    audio = stage.transport.heard_audio[round(stage.when(ReplyStarted, 2) * 8000) :]
    assert np.abs(audio).max() > 4000


def test_a_flush_nobody_answers_is_estimated_after_300_ms(play: Play) -> None:
    marks = {}

    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT)
        await stage.clock.sleep(1.5)
        marks["stop"] = stage.clock.now()
        stage.mouth.stop()
        await stage.until(ReplyStopped)
        marks["told"] = stage.clock.now()

    stage = play(scene, faults=Faults(flushed="never"), delay_s=0.05)
    assert 0.3 <= marks["told"] - marks["stop"] <= 0.34
    assert stage.of(ReplyStopped)[0].heard == "Sure, I can do that for you."
    assert stage.mouth.figures.unanswered_flushes == 1


def test_reports_that_never_come_do_not_keep_a_reply_from_finishing(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT)
        await stage.until(ReplyFinished)

    play(scene, faults=Faults(played="never"), delay_s=0.05)


@pytest.mark.parametrize("text", ["", "   ", "👍", "***"])
def test_a_reply_with_nothing_to_say_finishes_at_once(play: Play, text: str) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, text)
        await stage.clock.sleep(0.1)

    stage = play(scene)
    assert stage.names(1) == ["ReplyReady", "ReplyFinished"]
    assert stage.of(ReplyFinished)[0].heard == text
    assert stage.transport.sent_samples == 0


# --- a voice in trouble ------------------------------------------------------------------------


@pytest.mark.parametrize("after_s", [0.0, 0.3])
@pytest.mark.parametrize("clause", [0, 1])
def test_a_voice_that_fails_once_is_asked_again_and_no_word_comes_twice(
    play: Play, clause: int, after_s: float
) -> None:
    async def scene(stage: Any) -> None:
        stage.voice.faults.append(Fault(clause=clause, after_s=after_s))
        stage.speak(1, "Certainly so, I can do that for you today.")
        await stage.until(ReplyFinished)

    stage = play(scene, voice={"pitches_hz": (250.0,)})
    whole = play(scene, voice={"pitches_hz": (250.0,)})
    assert stage.voice.begun == 2
    assert stage.transport.sent_samples == pytest.approx(whole.transport.sent_samples, abs=400)
    assert stage.of(ReplyFinished)[0].heard == "Certainly so, I can do that for you today."


def test_a_voice_that_fails_twice_fails_the_reply_with_what_was_heard(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.voice.faults.extend([Fault(clause=1), Fault(clause=0)])
        stage.speak(1, "Certainly so, I can do that for you today.")
        await stage.clock.sleep(0.5)
        stage.speak(2, "Something else.")
        await stage.until(ReplyFinished, 2)

    stage = play(scene)
    assert stage.of(ReplyFailed)[0].heard == "Certainly so,"
    assert "scripted failure" in stage.of(ReplyFailed)[0].reason
    assert stage.names(1) == ["ReplyReady", "ReplyStarted", "ReplyFailed"]


def test_a_voice_that_refuses_is_not_asked_again(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.voice.faults.append(Fault(error=Rejected("no such voice")))
        stage.speak(1, TEXT, held=True)
        await stage.until(ReplyFailed)

    stage = play(scene)
    assert stage.names(1) == ["ReplyFailed"]
    assert stage.voice.begun == 1


def test_a_voice_that_falls_silent_is_given_up_after_a_while(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.voice.faults.extend([Fault(error=None), Fault(error=None)])
        stage.speak(1, TEXT)
        await stage.until(ReplyFailed)

    stage = play(scene, settings=MouthSettings(stall_s=2.0))
    assert stage.when(ReplyFailed) == pytest.approx(4.0, abs=0.1)
    assert stage.voice.open == 0


def test_a_model_that_pauses_is_not_a_voice_that_fails(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, "Certainly so, ", last=False)
        await stage.clock.sleep(20)
        stage.speak(1, "here it is.", last=True)
        await stage.until(ReplyFinished)

    play(scene)


def test_a_slow_voice_underruns_without_a_click_and_is_counted(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.")
        await stage.until(ReplyFinished)

    stage = play(scene, voice={"real_time_factor": 1.5, "pitches_hz": (250.0,)}, lead_s=0.06)
    assert stage.mouth.figures.underruns > 3
    rough = np.abs(np.diff(stage.transport.heard_audio.astype(int), 2))
    assert rough.max() < 1500


# --- the sound ------------------------------------------------------------------------------------


def test_the_engines_silence_goes_and_ours_comes(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, "Aaaaaaaa. Bbbbbbbb.")
        await stage.until(ReplyFinished)

    stage = play(scene, voice={"margin_s": 0.5})
    audio = stage.transport.heard_audio
    loud = np.flatnonzero(np.abs(audio) > 150)
    gap = np.diff(loud).max() / 8000
    assert 0.12 <= gap <= 0.25
    assert loud[0] / 8000 - stage.when(ReplyStarted) < 0.03


def test_quiet_and_loud_voices_are_brought_to_one_level(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, "Aaaaaaaaaaaaaaaaaaaa. Bbbbbbbbbbbbbbbbbbbbbbbb.")
        await stage.until(ReplyFinished)

    levels = []
    for peak in (8000, 3200):
        stage = play(scene, voice={"peak": peak})
        audio = stage.transport.heard_audio[-12000:]
        levels.append(level(audio[np.abs(audio) > 100]))
    assert 20 * np.log10(levels[0] / levels[1]) == pytest.approx(0, abs=1.5)


def test_a_voice_at_another_rate_comes_out_right(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, "Aaaaaaaaaaaaaaaaaaaaaaaaa.")
        await stage.until(ReplyFinished)

    stage = play(scene, voice={"rate_hz": 22050, "pitches_hz": (400.0,)})
    audio = stage.transport.heard_audio
    middle = audio[len(audio) // 2 : len(audio) // 2 + 2000]
    crossings = np.count_nonzero(np.diff(np.signbit(middle)))
    assert crossings == pytest.approx(2 * 400 * 0.25, abs=3)


def test_everything_sent_is_shown_with_its_position(play: Play) -> None:
    shown: list[tuple[bytes, int]] = []

    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT)
        await stage.until(ReplyFinished)

    stage = play(scene, on_sent=lambda pcm, at: shown.append((pcm, at)))
    assert [at for _, at in shown] == list(range(0, stage.transport.sent_samples, 160))
    assert {len(pcm) for pcm, _ in shown} == {320}


# --- the cache ------------------------------------------------------------------------------------


def test_a_warmed_phrase_plays_at_once_and_needs_no_voice(play: Play, tmp_path: Path) -> None:
    greeting = "Hello there, this is the reception. How can I help you?"

    async def rendering(stage: Any) -> None:
        await warm(stage.studio, [(greeting, "reply")] * 2, stage.voice)

    async def scene(stage: Any) -> None:
        stage.speak(1, greeting)
        await stage.clock.sleep(0)
        assert stage.names(1) == ["ReplyReady", "ReplyStarted"]
        await stage.until(ReplyFinished)

    first = play(rendering, phrases=PhraseCache(tmp_path))
    assert first.voice.begun == 3
    stage = play(scene, phrases=PhraseCache(tmp_path))
    assert stage.voice.begun == 0
    assert stage.when(ReplyStarted) == 0


def test_short_clauses_are_remembered_and_sentences_are_not(play: Play) -> None:
    phrases = PhraseCache()

    async def scene(stage: Any) -> None:
        stage.speak(1, "Of course, I will look that up for you right away.")
        await stage.until(ReplyFinished)

    play(scene, phrases=phrases)
    again = play(scene, phrases=phrases)
    assert again.voice.said == ["I will look that up for you right away."]
    assert again.when(ReplyStarted) == 0


def test_the_plane_drives_it_and_nothing_turns_while_it_is_silent() -> None:
    beats = 0

    async def main(clock: VirtualClock) -> Any:
        nonlocal beats
        plane = Plane(NoVoice(), clock)
        transport = PretendTransport(clock=clock)
        told: list[Any] = []
        mouth = Mouth(
            voices=Roster([ScriptedVoice(clock=clock)]), transport=transport, wheel=plane,
            clock=clock,
            tell=told.append, settings=MouthSettings(), phrases=None, on_sent=None,
            attendance=Attendees(),
        )  # fmt: skip
        # Before it runs, as a greeting is.
        mouth.speak(Speak(reply=1, text=TEXT))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(plane.run()), group.create_task(mouth.run())]
            while len(told) < 3:
                await clock.sleep(0.1)
            beats = sum(len(bucket) for bucket in plane._buckets)
            for task in tasks:
                task.cancel()
        return told

    told = VirtualClock().run(main)
    assert [type(event).__name__ for event in told] == [
        "ReplyReady",
        "ReplyStarted",
        "ReplyFinished",
    ]
    assert beats == 0


class NoVoice:
    """Voice activity for a plane without ears."""

    def open(self) -> int:
        return 0

    def close(self, slot: int) -> None:
        """Nothing was opened."""

    def window(self, rate_hz: int) -> int:
        return 256

    def score(self, windows: Any, slots: list[int], rate_hz: int) -> Any:
        return np.zeros(len(slots), np.float32)


def test_a_long_reply_does_not_keep_all_of_its_audio() -> None:
    reply = Reply(Speak(reply=1, text=""), 8000)
    reply.clauses.append(Clause("a", speakable("a"), said=True))
    for _ in range(60):
        reply.append(bytes(16000))
        while reply.frame(160, urgent=False):
            reply.forget_old()
    assert len(reply._audio) < 6 * 16000
    reply.rewind(reply.cursor - 8000)
    assert reply.frame(160, urgent=False) is not None
