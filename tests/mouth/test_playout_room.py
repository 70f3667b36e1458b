"""A room that sounds during the whole call, and everything that must not change for it."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from antiphon.events import ReplyFinished, ReplyStarted, ReplyStopped
from antiphon.mouth.ambient import Ambience, room_tone
from antiphon.mouth.mouth import Mouth
from antiphon.mouth.settings import MouthSettings
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
ROOM = Ambience(*room_tone(), -53.0)
FRAME_S = 0.02


def level(samples: Any) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(samples.astype(float)))) / 32768 + 1e-9))


def silences(stage: Any, from_s: float) -> list[tuple[float, float]]:
    """When the line was dead for longer than the loop's own zero crossings are."""
    audio = stage.transport.heard_audio[round(from_s * 8000) :]
    edges = np.flatnonzero(np.concatenate([[1], audio, [1]]))
    gaps = np.diff(edges)
    return [
        (from_s + edges[i] / 8000, float(gaps[i] / 8000))
        for i in np.flatnonzero(gaps > 8000 * 0.004)
    ]


@KINDS
def test_it_is_heard_from_the_beginning_without_a_hole(play: Play, line: dict[str, Any]) -> None:
    sent: list[int] = []

    async def scene(stage: Any) -> None:
        await stage.clock.sleep(4)
        stage.speak(1, TEXT)
        await stage.until(ReplyFinished)
        await stage.clock.sleep(10 - stage.clock.now())
        sent.append(stage.transport.sent_samples)

    stage = play(scene, ambience=ROOM, **line)
    # The way there, a frame, and the fade, which begins below the last bit.
    assert silences(stage, 0.15) == []
    assert sent[0] / 8000 == pytest.approx(10, abs=0.03)
    for at_s in (1.0, 3.0, 9.0):
        assert level(stage.transport.heard_at(at_s, 0.5)) == pytest.approx(-54, abs=2)
    assert stage.mouth.figures.room_corrections == 0
    assert stage.wheel.riders == 0


def onset_s(stage: Any) -> float:
    """When the voice is heard, which the room never is as loud as."""
    return float(np.flatnonzero(np.abs(stage.transport.heard_audio.astype(int)) > 600)[0] / 8000)


@KINDS
@pytest.mark.parametrize("wait_s", [1.0, 1.003, 1.0111, 1.0199, 2.007])
def test_a_reply_is_heard_at_most_a_frame_later(
    play: Play, line: dict[str, Any], wait_s: float
) -> None:
    async def scene(stage: Any) -> None:
        await stage.clock.sleep(wait_s)
        stage.speak(1, TEXT)
        await stage.until(ReplyFinished)

    plain, roomy = (play(scene, ambience=ambience, **line) for ambience in (None, ROOM))
    assert -0.002 <= onset_s(roomy) - onset_s(plain) <= FRAME_S + 0.002
    # And it is over for those who answer it when it is over for the caller.
    assert roomy.when(ReplyFinished) - plain.when(ReplyFinished) < 2 * FRAME_S


@KINDS
def test_the_same_words_are_heard_with_and_without(play: Play, line: dict[str, Any]) -> None:
    def told(ambience: Ambience | None, stop_s: float) -> tuple[str, float]:
        async def scene(stage: Any) -> None:
            await stage.clock.sleep(2)
            stage.speak(1, TEXT)
            await stage.until(ReplyStarted)
            await stage.clock.sleep(2 + stop_s - stage.clock.now())
            stage.mouth.stop()
            await stage.until(ReplyStopped)

        stage = play(scene, ambience=ambience, **line)
        event = stage.of(ReplyStopped)[0]
        assert event.heard + event.unheard == TEXT
        return event.heard, onset_s(stage)

    for stop_s in np.arange(0.4, 3.2, 0.15):
        plain, plainly_s = told(None, stop_s)
        _, roomily_s = told(ROOM, stop_s)
        # Interrupted at the same sample of it, whenever it began.
        roomy, _ = told(ROOM, stop_s + roomily_s - plainly_s)
        assert roomy == plain, stop_s


@KINDS
def test_ducking_lowers_the_voice_and_restoring_loses_nothing(
    play: Play, line: dict[str, Any]
) -> None:
    marks = {}

    async def scene(stage: Any) -> None:
        stage.speak(1, "A" * 70)
        await stage.clock.sleep(1.7)
        marks["duck"] = stage.clock.now()
        stage.mouth.duck()
        await stage.clock.sleep(0.5)
        stage.mouth.restore()
        await stage.until(ReplyFinished)
        marks["end"] = stage.clock.now()
        await stage.clock.sleep(1)

    stage = play(scene, voice={"pitches_hz": (200.0,)}, ambience=ROOM, **line)
    loud = level(stage.transport.heard_at(marks["duck"] - 0.1, 0.1))
    low = level(stage.transport.heard_at(marks["duck"] + 0.2, 0.2))
    assert low - loud == pytest.approx(-18, abs=2)
    loud_s = np.count_nonzero(np.abs(stage.transport.heard_audio.astype(int)) > 400) / 8000
    plain = play(scene, voice={"pitches_hz": (200.0,)}, **line)
    plain_s = np.count_nonzero(np.abs(plain.transport.heard_audio.astype(int)) > 400) / 8000
    assert loud_s == pytest.approx(plain_s, abs=0.12)
    assert level(stage.transport.heard_at(marks["end"] + 0.4, 0.4)) == pytest.approx(-54, abs=2)


@pytest.mark.parametrize("line", LINES[1:], ids=["flush", "lead"])
def test_ducking_here_does_not_duck_the_room(play: Play, line: dict[str, Any]) -> None:
    async def scene(stage: Any) -> None:
        # A word, and a rest in which the room is alone while the voice is down.
        stage.voice.faults.append(Fault(clause=1, error=None))
        stage.speak(1, "Aaaaaaaaaaaaaaaaaaaaaaaaaaaa. Bbbbbbbb.")
        await stage.clock.sleep(1.0)
        stage.mouth.duck()
        await stage.clock.sleep(2.0)

    stage = play(scene, ambience=ROOM, **line)
    assert level(stage.transport.heard_at(2.4, 0.5)) == pytest.approx(-54, abs=2)


def test_a_far_end_that_ducks_lowers_the_room_too_and_lets_it_rise_gently(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, "Goodness me.")
        await stage.until(ReplyStarted)
        await stage.clock.sleep(0.3)
        stage.mouth.duck()
        await stage.until(ReplyFinished)
        await stage.clock.sleep(1.0)

    stage = play(scene, ambience=ROOM, **LINES[0])
    assert level(stage.transport.heard_at(stage.clock.now() - 0.5, 0.5)) == pytest.approx(
        -54, abs=2
    )


@KINDS
def test_after_a_stop_it_comes_back_softly(play: Play, line: dict[str, Any]) -> None:
    marks = {}

    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT)
        await stage.clock.sleep(1.5)
        marks["stop"] = stage.clock.now()
        stage.mouth.stop()
        await stage.until(ReplyStopped)
        marks["told"] = stage.clock.now()
        await stage.clock.sleep(1)

    stage = play(scene, ambience=ROOM, **line)
    gaps = silences(stage, marks["stop"] - 0.5)
    # A flush is answered after the way there and back; nothing is sent until then.
    assert sum(length for _, length in gaps) < 0.2
    back_s = marks["told"] + line.get("delay_s", 0.0)
    assert level(stage.transport.heard_at(back_s + 0.3, 0.3)) == pytest.approx(-54, abs=2)
    if line["ducking"] != "lead":  # which cannot take back what is on its way, the room included
        assert np.abs(stage.transport.heard_at(back_s + 0.005, 0.01).astype(int)).max() < 30
    assert level(stage.transport.heard_at(marks["stop"] + 0.2, 1.0)) < -50


def test_a_flush_nobody_answers_brings_it_back_all_the_same(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT)
        await stage.clock.sleep(1.5)
        stage.mouth.stop()
        await stage.clock.sleep(1.5)

    stage = play(scene, faults=Faults(flushed="never"), delay_s=0.05, ambience=ROOM)
    assert stage.mouth.figures.unanswered_flushes == 1
    assert level(stage.transport.heard_at(stage.clock.now() - 0.5, 0.5)) == pytest.approx(
        -54, abs=2
    )


def test_a_voice_that_is_too_slow_leaves_the_room(play: Play) -> None:
    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT, last=False)
        await stage.clock.sleep(8)
        stage.speak(1, " And more.", last=True)
        await stage.until(ReplyFinished)

    stage = play(scene, delay_s=0.05, ambience=ROOM)
    assert silences(stage, 0.2) == []
    assert stage.of(ReplyFinished)[0].heard == TEXT + " And more."


def test_everything_sent_is_shown_with_its_position(play: Play) -> None:
    shown: list[tuple[bytes, int]] = []

    async def scene(stage: Any) -> None:
        stage.speak(1, TEXT)
        await stage.clock.sleep(6)

    stage = play(scene, on_sent=lambda pcm, at: shown.append((pcm, at)), ambience=ROOM)
    assert [at for _, at in shown] == list(range(0, stage.transport.sent_samples, 160))


# --- far ends in trouble -----------------------------------------------------------------------


def test_a_page_that_sleeps_is_not_sent_the_room_for_ever(play: Play) -> None:
    async def scene(stage: Any) -> None:
        await stage.clock.sleep(3)
        stage.transport.faults.played = "never"
        await stage.clock.sleep(60)
        asleep = stage.transport.sent_samples
        assert asleep / 8000 < 3 + 0.2 + 2 * 0.05 + 1.1
        stage.transport.faults.played = "on time"
        stage.speak(1, TEXT)
        await stage.until(ReplyFinished)
        await stage.clock.sleep(2)

    stage = play(scene, delay_s=0.05, ambience=ROOM)
    assert level(stage.transport.heard_at(stage.clock.now() - 0.5, 0.5)) == pytest.approx(
        -54, abs=2
    )


def test_what_piled_up_at_a_far_end_that_stalled_is_worked_off(play: Play) -> None:
    lags: list[float] = []

    def lag_s(stage: Any) -> float:
        line = stage.transport
        return (line.sent_samples - line.played_samples) / 8000 - line.delay_s

    async def scene(stage: Any) -> None:
        await stage.clock.sleep(5)
        lags.append(lag_s(stage))
        # The device holds still for half a second: what it should have played waits.
        stage.transport._play_until_now()
        stage.transport._heard_samples += 4000
        stage.transport._heard.append(np.zeros(4000, np.int16))
        await stage.clock.sleep(0.6)
        lags.append(lag_s(stage))
        await stage.clock.sleep(6)
        lags.append(lag_s(stage))

    stage = play(scene, delay_s=0.05, ambience=ROOM)
    before_s, piled_s, after_s = lags
    assert piled_s > before_s + 0.45
    assert after_s == pytest.approx(before_s, abs=0.05)
    assert stage.mouth.figures.room_corrections == 1
    # Worked off by what waited there: nobody heard a pause for it.
    assert silences(stage, 6.0) == []


@pytest.mark.parametrize("drift", [-0.002, 0.002])
def test_two_clocks_that_differ_do_not_come_apart(play: Play, drift: float) -> None:
    """40 times what a bad crystal does, for a minute and a half."""
    lags: list[float] = []

    async def scene(stage: Any) -> None:
        line = stage.transport
        for _ in range(90):
            await stage.clock.sleep(1)
            line._play_until_now()
            line._begun_s -= drift
            lags.append((line.sent_samples - line.played_samples) / 8000 - line.delay_s)

    stage = play(scene, delay_s=0.05, ambience=ROOM)
    assert max(lags) < 0.15
    assert stage.mouth.figures.room_corrections >= 1 or drift > 0


# --- the truth ----------------------------------------------------------------------------------


@KINDS
def test_the_ledger_knows_where_the_caller_is(play: Play, line: dict[str, Any]) -> None:
    off: list[float] = []

    async def scene(stage: Any) -> None:
        await stage.clock.sleep(1)
        stage.speak(1, TEXT)
        while stage.clock.now() < 8:
            await stage.clock.sleep(0.0137)
            believed = stage.mouth._playout.ledger.position(stage.clock.now())
            off.append((believed - stage.transport.played_samples) / 8000)
            if stage.clock.now() > 3 and not stage.of(ReplyStopped):
                stage.mouth.stop()

    play(scene, ambience=ROOM, **line)
    # Reports are a way back old; by our own clock it is exact. What the caller has not heard is
    # never taken as heard, but for half a frame where the wheel found its step after a flush. Only
    # while one is under way is more than that amiss.
    late_s = line.get("delay_s", 0.0)
    assert max(off) <= 0.010
    assert np.percentile(np.abs(off), 95) <= 2 * late_s + 0.002


def test_nothing_is_sent_and_nobody_rides_before_the_call_and_after_it() -> None:
    async def main(clock: VirtualClock) -> None:
        transport, wheel = PretendTransport(clock=clock), Spokes()
        mouth = Mouth(
            voices=Roster([ScriptedVoice(clock=clock)]),
            transport=transport,
            wheel=wheel,
            clock=clock,
            tell=lambda event: None,
            settings=MouthSettings(),
            phrases=None,
            attendance=Attendees(),
            on_sent=None,
            room=ROOM.room(8000),
        )
        mouth.played(0)
        assert (transport.sent_samples, wheel.riders) == (0, 0)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(mouth.run())
            await clock.sleep(0.1)
            assert transport.sent_samples > 0
            assert wheel.riders == 1
            running.cancel()
        sent = transport.sent_samples
        await clock.sleep(1)
        # A report that was on its way when the call ended.
        mouth.played(sent)
        assert (transport.sent_samples, wheel.riders) == (sent, 0)

    VirtualClock().run(main)


class Spokes:
    """A wheel that only counts who rides it."""

    def __init__(self) -> None:
        self.riders = 0

    def every_frame(self, callback: Callable[[float], None]) -> "Spokes":
        self.riders += 1
        return self

    def cancel(self) -> None:
        self.riders -= 1
