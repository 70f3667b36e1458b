import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile

from antiphon.audio.frame import int16
from antiphon.audio.levels import loudness_dbfs, rms_dbfs, speech_spans
from antiphon.errors import ConfigError
from antiphon.testing.clock import VirtualClock
from antiphon.testing.rehearsal import Line, rehearse
from antiphon.testing.script import Breath, HangUp, Play, Say, Script, Sound, Step
from antiphon.testing.voice import ScriptedVoice

RATE_HZ = 16_000


def rehearsed(
    *steps: Step, pitch: float = 1.0, speed: float = 1.0, word_times: bool = True
) -> dict[int, Line]:
    async def main(clock: VirtualClock) -> dict[int, Line]:
        voice = ScriptedVoice(clock=clock, margin_s=0.3, word_times=word_times)
        return await rehearse(Script(steps, pitch=pitch, speed=speed), voice, RATE_HZ)

    return VirtualClock().run(main)


def pitch_hz(line: Line) -> float:
    samples = int16(line.pcm)
    return float(np.abs(np.fft.rfft(samples)).argmax() * RATE_HZ / len(samples))


def test_only_steps_that_sound_are_rehearsed() -> None:
    lines = rehearsed(HangUp(), Say(parts=("hello",)), HangUp())
    assert list(lines) == [1]


def test_the_silence_a_voice_puts_around_its_words_is_cut_off() -> None:
    line = rehearsed(Say(parts=("hello there",)))[0]
    assert line.onset_s < 0.05
    assert len(line.pcm) / 2 / RATE_HZ - line.offset_s < 0.05


@pytest.mark.parametrize("word_times", [True, False])
@pytest.mark.parametrize("pitch", [1.0, 1.2])
def test_a_breath_is_as_long_as_written_and_where_it_says(word_times: bool, pitch: float) -> None:
    step = Say(parts=("book a table", Breath(0.7), "for Thursday"))
    line = rehearsed(step, word_times=word_times, pitch=pitch)[0]
    ((start_s, end_s),) = line.breaths
    first, second = speech_spans(int16(line.pcm), RATE_HZ, min_gap_s=0.3)
    assert end_s - start_s == pytest.approx(0.7, abs=0.002)
    assert first.end_s == pytest.approx(start_s, abs=0.002)
    assert second.start_s == pytest.approx(end_s, abs=0.002)
    assert (first.start_s, second.end_s) == pytest.approx((line.onset_s, line.offset_s), abs=0.002)
    assert len(speech_spans(int16(line.pcm), RATE_HZ, min_gap_s=0.02)) == 5, "a hum for each word"


def test_several_breaths_are_taken() -> None:
    step = Say(parts=("one", Breath(0.5), "two three", Breath(1.0), "four"))
    spans = speech_spans(int16(rehearsed(step)[0].pcm), RATE_HZ, min_gap_s=0.3)
    gaps = [second.start_s - first.end_s for first, second in itertools.pairwise(spans)]
    assert gaps == pytest.approx([0.5, 1.0], abs=0.002)


def test_another_pitch_keeps_the_tempo() -> None:
    plain = rehearsed(Say(parts=("how are you today",)))[0]
    high = rehearsed(Say(parts=("how are you today",)), pitch=1.25)[0]
    assert pitch_hz(high) / pitch_hz(plain) == pytest.approx(1.25, rel=0.02)
    assert high.offset_s == pytest.approx(plain.offset_s, rel=0.05)


def test_another_speed_keeps_the_pitch() -> None:
    plain = rehearsed(Say(parts=("how are you today",)))[0]
    fast = rehearsed(Say(parts=("how are you today",)), speed=1.25)[0]
    assert pitch_hz(fast) == pytest.approx(pitch_hz(plain), rel=0.02)
    assert fast.offset_s == pytest.approx(plain.offset_s / 1.25, rel=0.05)


def test_levels_are_relative_to_a_normal_voice() -> None:
    normal, soft = rehearsed(
        Say(parts=("hello there",)), Say(parts=("hello there",), level_db=-12)
    ).values()
    loud = loudness_dbfs(int16(normal.pcm), RATE_HZ)
    assert -23 < loud < -17
    assert loudness_dbfs(int16(soft.pcm), RATE_HZ) == pytest.approx(loud - 12, abs=0.3)


def test_a_noise_is_made_at_its_level() -> None:
    line = rehearsed(Sound(kind="noise", text="(noise)", seconds=0.5, level_db=-10))[0]
    assert rms_dbfs(int16(line.pcm)) == pytest.approx(-30, abs=0.5)
    assert len(line.pcm) / 2 == pytest.approx(0.5 * RATE_HZ, abs=2)


def test_a_recording_is_played_at_the_rate_of_the_call(tmp_path: Path) -> None:
    tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.stack([tone, tone], axis=1), 48_000)
    line = rehearsed(Play(path=path, level_db=-6))[0]
    assert len(line.pcm) / 2 == RATE_HZ
    assert pitch_hz(line) == pytest.approx(440, abs=2)
    assert rms_dbfs(int16(line.pcm)) == pytest.approx(-17 - 6, abs=0.2)


def test_a_line_that_cannot_be_heard_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 7 of the script, is too quiet"):
        rehearsed(Say(parts=("hello",), level_db=-40, line=7))
    soundfile.write(tmp_path / "zero.wav", np.zeros(800), 8_000)
    with pytest.raises(ConfigError, match=r"line 3 of the script, is no sound"):
        rehearsed(Play(path=tmp_path / "zero.wav", text="hm", line=3))
