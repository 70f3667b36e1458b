"""The sound of a room behind the voice, so that a line on which nobody speaks is not a dead one.

Lives here: a recording made into a loop whose seam cannot be heard, the room tone of our own, and
one call's place in it. Must not live here: files (antiphon.wiring.ambience), when it is sent
(playout.py). Samples are floats at full scale 1 until the loop is ready.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.frame import frame_samples, int16, pcm16
from antiphon.audio.gain import MUTE_DB, Gain
from antiphon.audio.levels import amplitude
from antiphon.audio.resample import from_float, resample

__all__ = ["CEILING_DBFS", "LONGEST_S", "SHORTEST_S", "Ambience", "Room", "room_tone"]

CEILING_DBFS: Final = -52.0
"""No 10 ms of it are louder. Whatever listens for the agent's voice does so from -50 dBFS on: the
callers of our tests, half duplex, and, at -45, the figures taken from recordings."""
LONGEST_S: Final = 30.0
"""More than that is left out: nobody notices that a quiet room repeats itself after so long."""
SHORTEST_S: Final = 1.0
"""What repeats faster is heard as a beat."""
FADE_S: Final = 0.12
"""How the room comes, at the start of a call and after a break."""
SEAM_S: Final = 0.5
_STEP_S: Final = 0.0025
_BLOCK_STEPS: Final = 4
_TONE_HZ: Final = 16_000
_TONE_S: Final = 12.0
_SEED: Final = 0

Floats = NDArray[np.float64]
Samples = NDArray[np.int16]


class Ambience:
    """A sound to be heard behind a voice, ready at every rate that calls ask for."""

    def __init__(self, pcm: bytes, rate_hz: int, level_dbfs: float) -> None:
        """PCM16 mono, SHORTEST_S at least and not silent. ``level_dbfs`` is its mean level; what
        rises above CEILING_DBFS is lowered to it."""
        self._pcm = pcm[: 2 * round(LONGEST_S * rate_hz)]
        self._rate_hz = rate_hz
        self._level_dbfs = level_dbfs
        self._loops: dict[int, Samples] = {}

    def loop(self, rate_hz: int) -> Samples:
        """The loop, once around. Made on the first call for a rate, which takes some 0.05 s."""
        found = self._loops.get(rate_hz)
        if found is None:
            pcm = resample(self._pcm, self._rate_hz, rate_hz)
            seamless = _seamless(int16(pcm) / 32768.0, rate_hz)
            levelled = _levelled(seamless, rate_hz, self._level_dbfs)
            found = self._loops[rate_hz] = int16(from_float(levelled))
        return found

    def room(self, rate_hz: int) -> "Room":
        """For one call."""
        return Room(self.loop(rate_hz), rate_hz)


class Room:
    """One call's place in the loop: it fades in, and goes on from frame to frame."""

    def __init__(self, loop: Samples, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._length = len(loop)
        # A frame that crosses the seam is one slice, too.
        self._loop = np.concatenate([loop, loop[: frame_samples(rate_hz)]])
        self._at = 0
        self._gain = Gain(rate_hz)
        self.fade_in()

    def fade_in(self, hole_s: float = FADE_S) -> None:
        """The sound broke off for so long: what comes next begins in silence."""
        self._gain = Gain(self._rate_hz, MUTE_DB)
        self._gain.set(0.0, min(FADE_S, hole_s))

    def alone(self, samples: int) -> bytes:
        """What comes next, a frame at most."""
        piece = self._loop[self._at : self._at + samples]
        self._at = (self._at + samples) % self._length
        return self._gain.apply(piece.tobytes())

    def under(self, voice: bytes) -> bytes:
        """The same behind a frame of voice."""
        both = int16(voice).astype(np.int32) + int16(self.alone(len(voice) >> 1))
        return pcm16(np.clip(both, -32768, 32767).astype(np.int16))


def room_tone() -> tuple[bytes, int]:
    """A quiet room with an air duct far off, and its rate: the same samples every time.

    Noise that falls by 6 dB an octave above 400 Hz, as that of ventilation does, without what no
    telephone carries, and breathing by a decibel or two, else it sounds like a machine.
    """
    samples = round(_TONE_S * _TONE_HZ)
    noise = np.random.default_rng(_SEED).standard_normal((2, samples))
    hz = np.fft.rfftfreq(samples, 1 / _TONE_HZ)
    shape = np.clip(hz / 150.0, 0.0, 1.0) ** 2 / np.sqrt(1.0 + np.square(hz / 400.0))
    sound = np.fft.irfft(np.fft.rfft(noise[0]) * shape, samples)
    breath = np.fft.irfft(np.fft.rfft(noise[1]) * (hz < 0.7), samples)
    sound *= 1.0 + 0.15 * breath / breath.std()
    return from_float(0.1 * sound / sound.std()), _TONE_HZ


def _seamless(sound: Floats, rate_hz: int) -> Floats:
    """The end laid over the beginning at constant power: two pieces of noise do not add up in
    phase. The last sample is followed by what followed it in the recording."""
    seam = min(round(SEAM_S * rate_hz), len(sound) // 4)
    rising = np.sin(np.pi / 2 * (np.arange(seam) + 0.5) / seam)
    loop = sound[: len(sound) - seam].copy()
    loop[:seam] = loop[:seam] * rising + sound[len(sound) - seam :] * rising[::-1]
    loop -= loop.mean()
    return loop


def _levelled(loop: Floats, rate_hz: int, level_dbfs: float) -> Floats:
    """At its level, with what is too loud in it lowered smoothly, round the seam as well."""
    loop = loop * (amplitude(level_dbfs) / np.sqrt(np.square(loop).mean()))
    step = round(_STEP_S * rate_hz)
    steps = -(-len(loop) // step)
    energy = np.square(np.resize(loop, steps * step)).reshape(steps, step).mean(axis=1)
    blocks = sum(np.roll(energy, -shift) for shift in range(_BLOCK_STEPS)) / _BLOCK_STEPS
    wanted = np.minimum(1.0, amplitude(CEILING_DBFS) / np.sqrt(np.maximum(blocks, 1e-12)))
    # Every sample is governed by the strictest of the blocks it is in, and of their neighbours.
    reach = range(-2 * _BLOCK_STEPS, 2 * _BLOCK_STEPS + 1)
    gain = np.min([np.roll(wanted, shift) for shift in reach], axis=0)
    gain = sum(np.roll(gain, shift) for shift in range(-2, 3)) / 5
    at = np.arange(len(loop)) / step
    levelled: Floats = loop * np.interp(at, np.arange(steps + 1), np.append(gain, gain[0]))
    return levelled
