import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.conftest import HandClock, LoudnessDetector

from antiphon.events import AudioAdvanced, SpeechStarted, SpeechStopped
from antiphon.media.ear import BACKLOG_S, LEAP_S, MISSING_AFTER_S, Ear
from antiphon.media.edges import TAIL_S
from antiphon.media.plane import Plane

WINDOW_S = 0.032


class Call:
    """An ear whose audio arrives as the clock goes."""

    def __init__(self, rate_hz: int = 8_000) -> None:
        self.clock = HandClock()
        self.detector = LoudnessDetector()
        self.plane = Plane(self.detector, self.clock)
        self.edges: list[SpeechStarted | SpeechStopped] = []
        self.wide = bytearray()
        self.recorded: list[tuple[bytes, int]] = []
        self.rate_hz = rate_hz
        self.ear = Ear(
            rate_hz=rate_hz,
            plane=self.plane,
            emit=self.edges.append,
            on_16k=self.wide.extend,
            on_audio=lambda pcm, at: self.recorded.append((pcm, at)),
            clock=self.clock,
        )

    def sound(self, seconds: float, level: float = 0.0) -> bytes:
        return np.full(round(seconds * self.rate_hz), int(level * 32767), "<i2").tobytes()

    def speak(self, seconds: float, level: float, chunk_s: float = 0.02) -> None:
        """In real time, with the plane turning."""
        for _ in range(round(seconds / chunk_s)):
            self.clock.now_s += chunk_s
            self.ear.hear(self.sound(chunk_s, level))
            while self.plane.backlog:
                self.plane.tick(self.clock.now_s)

    def wait(self, seconds: float) -> AudioAdvanced:
        self.clock.now_s += seconds
        return self.ear.clock(self.clock.now_s)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_speech_is_told_where_it_lies_in_the_audio(rate_hz: int):
    call = Call(rate_hz)
    call.speak(0.96, 0.0)
    call.speak(0.96, 0.9)
    call.speak(0.96, 0.0)
    assert call.edges == [
        SpeechStarted(at_s=pytest.approx(0.96)),
        SpeechStopped(at_s=pytest.approx(1.92 - TAIL_S[rate_hz])),
    ]


@pytest.mark.parametrize("rate_hz", [24_000, 44_100, 48_000])
def test_other_rates_are_watched_at_16_khz(rate_hz: int):
    call = Call(rate_hz)
    call.speak(1.0, 0.0)
    call.speak(1.0, 0.9)
    call.speak(1.0, 0.0)
    assert {rate for rate, _ in call.detector.runs} == {16_000}
    started, stopped = call.edges
    assert started.at_s == pytest.approx(1.0, abs=WINDOW_S)
    assert stopped.at_s == pytest.approx(2.0 - TAIL_S[16_000], abs=WINDOW_S)


@given(cuts=st.lists(st.integers(1, 5000), max_size=30))
@settings(max_examples=40, deadline=None)
def test_how_audio_is_cut_into_chunks_changes_nothing(cuts: list[int]):
    whole, cut = Call(), Call()
    pcm = b"".join(whole.sound(0.4, level) for level in (0.0, 0.9, 0.0, 0.9, 0.0))
    for call, sizes in ((whole, []), (cut, cuts)):
        rest = pcm
        for size in [*sizes, len(pcm)]:
            call.ear.hear(rest[:size])
            rest = rest[size:]
            while call.plane.backlog:
                call.plane.tick(call.clock.now_s)
    assert cut.edges == whole.edges
    assert len(whole.edges) == 4
    assert cut.wide == whole.wide
    assert b"".join(pcm for pcm, _ in cut.recorded) == pcm
    assert cut.ear.until_s == whole.ear.until_s == 2.0


def test_half_a_sample_waits_for_its_other_half():
    call = Call()
    call.ear.hear(b"\x01")
    assert call.ear.until_s == 0.0
    call.ear.hear(b"\x02\x03")
    assert call.recorded == [(b"\x01\x02", 0)]


def test_audio_time_is_what_was_received():
    call = Call()
    call.speak(1.0, 0.0)
    assert call.wait(0.1) == AudioAdvanced(until_s=1.0, missing_s=0.0)


def test_without_frames_for_200_ms_time_goes_on_and_is_marked_missing():
    call = Call()
    call.speak(1.0, 0.0)
    assert call.wait(MISSING_AFTER_S - 0.001).missing_s == 0.0
    assert call.wait(0.101) == AudioAdvanced(
        until_s=pytest.approx(1.3), missing_s=pytest.approx(0.3)
    )
    assert call.wait(1.0) == AudioAdvanced(until_s=pytest.approx(2.3), missing_s=pytest.approx(1.3))


def test_time_goes_on_even_if_no_frame_ever_comes():
    call = Call()
    assert call.wait(5.0) == AudioAdvanced(until_s=5.0, missing_s=5.0)


@pytest.mark.parametrize("looked_at", [True, False])
def test_a_gap_stays_in_the_timeline_as_silence(looked_at: bool):
    call = Call(16_000)
    call.speak(1.0, 0.5)
    if looked_at:
        call.wait(0.7)
        call.clock.now_s += 0.3
    else:
        call.clock.now_s += 1.0
    call.speak(0.5, 0.5)
    assert call.ear.until_s == pytest.approx(2.5)
    samples = np.frombuffer(call.wide, "<i2")
    assert len(samples) == 40_000
    assert (samples[16_000:31_900] == 0).all()
    assert (samples[32_100:] != 0).all()
    pcm, at_sample = call.recorded[-1]
    assert at_sample == 40_000 - len(pcm) // 2
    assert call.wait(0.0).missing_s == 0.0


def test_speech_broken_off_by_a_gap_ends_where_it_was_last_heard():
    call = Call()
    call.speak(0.96, 0.9)
    call.wait(0.5)
    while call.plane.backlog:
        call.plane.tick(call.clock.now_s)
    assert call.edges[-1] == SpeechStopped(at_s=pytest.approx(0.96 - TAIL_S[8_000]))


def test_a_burst_after_a_stall_does_not_stretch_the_call_again_and_again():
    call = Call()
    call.speak(1.0, 0.0)
    for _ in range(10):
        call.wait(0.9)
        call.clock.now_s += 0.1
        for _ in range(50):
            call.ear.hear(call.sound(0.02))
    assert call.clock.now_s - 1000.0 == pytest.approx(11.0)
    assert call.ear.until_s == pytest.approx(12.0, abs=0.05)


def test_a_client_that_sends_half_seconds_is_never_more_than_one_of_them_ahead():
    call = Call()
    for _ in range(20):
        call.wait(0.3)
        call.clock.now_s += 0.2
        call.ear.hear(call.sound(0.5))
    assert call.ear.until_s <= call.clock.now_s - 1000.0 + 0.5


def test_a_clock_that_leaps_hours_adds_one_bounded_gap():
    call = Call()
    call.speak(1.0, 0.0)
    assert call.wait(7200.0).until_s == pytest.approx(1.0 + LEAP_S)
    assert call.ear.leaps == 1
    call.speak(1.0, 0.0)
    assert call.ear.until_s == pytest.approx(2.0 + LEAP_S)
    assert call.wait(0.5).missing_s == pytest.approx(0.5)


def test_a_clock_that_goes_back_stops_nothing():
    call = Call()
    call.speak(1.0, 0.0)
    assert call.wait(-3600.0).until_s == 1.0
    call.speak(1.0, 0.9)
    assert call.ear.until_s == pytest.approx(2.0)
    assert call.wait(0.5) == AudioAdvanced(until_s=pytest.approx(2.5), missing_s=0.5)
    assert call.ear.leaps == 1


@given(
    st.lists(
        st.tuples(st.floats(-100, 100, allow_subnormal=False), st.integers(0, 1600)), max_size=30
    )
)
@settings(max_examples=50, deadline=None)
def test_audio_time_never_goes_back_whatever_the_clock_does(steps: list[tuple[float, int]]):
    call = Call()
    last_s = 0.0
    for seconds, size in steps:
        call.clock.now_s += seconds
        call.ear.hear(bytes(2 * size))
        advanced = call.wait(0.0)
        assert advanced.until_s >= last_s
        assert 0.0 <= advanced.missing_s <= advanced.until_s
        last_s = advanced.until_s


def test_a_detector_that_falls_behind_loses_the_oldest_audio_and_counts_it():
    call = Call()
    loud_then_quiet = [call.sound(1.024, 0.9), call.sound(2.0)]
    for pcm in loud_then_quiet:
        call.ear.hear(pcm)
    dropped_s = call.ear.dropped_samples / 8_000
    assert dropped_s == pytest.approx(3.024 - BACKLOG_S, abs=2 * WINDOW_S)
    while call.plane.backlog:
        call.plane.tick(call.clock.now_s)
    # All that was loud is gone: where the rest lies is still known.
    assert call.edges == []
    call.speak(0.064, 0.9)
    assert call.edges == [SpeechStarted(at_s=pytest.approx(3.024, abs=WINDOW_S))]


def test_the_last_eight_seconds_are_kept_at_16_khz():
    call = Call(16_000)
    call.speak(1.0, 0.5)
    assert call.ear.recent_16k() == bytes(call.wide)
    call.speak(9.0, 0.25)
    assert call.ear.recent_16k() == bytes(call.wide)[-256_000:]


def test_closing_gives_the_slot_back_and_ends_everything():
    call = Call()
    call.ear.hear(call.sound(0.05, 0.9))
    assert call.plane.backlog == 1
    call.ear.close()
    call.ear.close()
    assert call.detector.claimed == {call.ear.slot}, "a queued window still needs its slot"
    call.plane.tick(call.clock.now_s)
    assert call.detector.claimed == set()
    assert call.edges == []
    call.ear.hear(call.sound(1.0, 0.9))
    assert call.plane.backlog == 0
    assert call.wait(5.0).until_s == 0.05


def test_an_edge_may_end_the_call():
    call = Call()
    call.edges = []
    call.ear._emit = lambda edge: (call.edges.append(edge), call.ear.close())
    call.ear.hear(call.sound(0.5, 0.9))
    while call.plane.backlog:
        call.plane.tick(call.clock.now_s)
    assert call.edges == [SpeechStarted(at_s=0.0)]
    assert call.detector.claimed == set()


def test_the_meter_tells_level_and_clipping_once_a_second():
    call = Call()
    call.speak(0.5, 0.5)
    assert call.ear.meter.last.rms_dbfs < -100
    call.speak(0.5, 0.5)
    assert call.ear.meter.last.rms_dbfs == pytest.approx(-6.02, abs=0.01)
    assert call.ear.meter.last.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert call.ear.meter.clipped == 0
    call.speak(1.0, 1.0)
    assert call.ear.meter.last.clipped == 8_000
    assert call.ear.meter.clipped == 8_000
