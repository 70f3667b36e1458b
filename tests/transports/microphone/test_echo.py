import sys

import numpy as np
import pytest

from antiphon.audio.frame import int16
from antiphon.audio.levels import rms_dbfs
from antiphon.audio.resample import from_float
from antiphon.testing.room import ROOM_DELAY_S, echo, speechlike
from antiphon.transports.microphone.echo import EchoCanceller, HalfDuplex, WebRtc, best_canceller

RATE_HZ = 16_000
BLOCK = 160


def through(
    canceller: EchoCanceller, captured: np.ndarray, played: np.ndarray, rate_hz: int = RATE_HZ
) -> np.ndarray:
    near, far, size = from_float(captured), from_float(played), 2 * (rate_hz // 100)
    return int16(
        b"".join(
            canceller.cancel(near[at : at + size], far[at : at + size], ROOM_DELAY_S)
            for at in range(0, len(near), size)
        )
    )


def level(samples: np.ndarray, from_s: float, to_s: float, rate_hz: int = RATE_HZ) -> float:
    part = samples[round(from_s * rate_hz) : round(to_s * rate_hz)]
    return rms_dbfs(part if part.dtype == np.int16 else int16(from_float(part)))


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_the_agents_own_voice_is_taken_out(rate_hz: int) -> None:
    played = speechlike(6.0, rate_hz, seed=3)
    captured = echo(played, rate_hz)
    clean = through(WebRtc(rate_hz), captured, played, rate_hz)
    before, after = level(captured, 3, 6, rate_hz), level(clean, 3, 6, rate_hz)
    assert before > -35
    # Measured: 37 dB and more from the first second on.
    assert before - after > 25, f"only {before - after:.1f} dB"


def test_a_caller_speaking_over_the_agent_survives() -> None:
    played = speechlike(8.0, RATE_HZ, seed=3)
    caller = np.zeros_like(played)
    caller[5 * RATE_HZ : 7 * RATE_HZ] = speechlike(2.0, RATE_HZ, seed=9)
    clean = through(WebRtc(RATE_HZ), echo(played, RATE_HZ) + caller, played)
    assert level(clean, 3, 5) < -50
    assert level(clean, 5, 7) > level(caller, 5, 7) - 6
    # And it is the caller: their syllables, not whatever echo was left.
    step = RATE_HZ // 50
    envelopes = [
        np.square(x[5 * RATE_HZ : 7 * RATE_HZ].astype(float)).reshape(-1, step).mean(axis=1)
        for x in (caller, clean / 32768)
    ]
    loudness = [10 * np.log10(envelope + 1e-8) for envelope in envelopes]
    best = max(
        float(np.corrcoef(loudness[0][: len(loudness[0]) - n], loudness[1][n:])[0, 1])
        for n in range(4)
    )
    assert best > 0.7


def test_a_caller_alone_is_heard() -> None:
    caller = speechlike(4.0, RATE_HZ, seed=9)
    clean = through(WebRtc(RATE_HZ), caller, np.zeros_like(caller))
    assert level(clean, 1, 4) > level(caller, 1, 4) - 6


def test_a_delay_beyond_belief_is_bounded() -> None:
    canceller = WebRtc(RATE_HZ)
    block = bytes(2 * BLOCK)
    assert canceller.cancel(block, block, 30.0) == block
    assert canceller.cancel(block, block, -1.0) == block


LOUD = np.full(BLOCK, 5_000, "<i2").tobytes()
QUIET = bytes(2 * BLOCK)


def test_half_duplex_shuts_the_microphone_while_the_agent_sounds_and_a_little_longer() -> None:
    half = HalfDuplex(RATE_HZ)
    assert half.cancel(LOUD, QUIET, ROOM_DELAY_S) == LOUD
    shut = [half.cancel(LOUD, LOUD, ROOM_DELAY_S) for _ in range(10)]
    assert set(shut) == {QUIET}
    after = [half.cancel(LOUD, QUIET, ROOM_DELAY_S) == LOUD for _ in range(50)]
    # 60 ms until the last of it sounds, 200 ms for the room.
    assert after == [False] * 25 + [True] * 25


def test_half_duplex_is_taken_where_the_canceller_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert isinstance(best_canceller(RATE_HZ), WebRtc)
    assert best_canceller(RATE_HZ).remark == ""
    monkeypatch.setitem(sys.modules, "livekit.rtc.apm", None)
    assert isinstance(best_canceller(RATE_HZ), HalfDuplex)
    assert "cannot be interrupted" in best_canceller(RATE_HZ).remark
