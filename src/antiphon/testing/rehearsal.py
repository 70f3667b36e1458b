"""Turning a script's lines into audio before the call, so that the processor is free during it.

Lives here: synthesis, a voice of the caller's own, trimming, breaths, levels. Must not live
here: when a line is said (`antiphon.testing.callermachine`).
"""

from dataclasses import dataclass
from typing import Final

from antiphon.audio.frame import int16
from antiphon.audio.gain import Gain, normalise_gain_db
from antiphon.audio.levels import QUIETEST_DBFS, offset_s, onset_s, rms_dbfs
from antiphon.audio.resample import from_float, resample
from antiphon.errors import ConfigError
from antiphon.ports.tts import Speaking, Synthesiser
from antiphon.testing import sounds
from antiphon.testing.script import Breath, HangUp, Play, Say, Script, Silence, Sound, Wait
from antiphon.transports.file.audiofile import read_audio

__all__ = ["NORMAL_DBFS", "Line", "rehearse"]

NORMAL_DBFS: Final = -20.0
"""How loud a caller's voice is where a script says nothing: an active telephone talker."""

_SOFT_DBFS: Final = -60.0
_MARGIN_S: Final = 0.010
"""Soft first and last sounds (an h, an f) are kept although the audit's floor does not see
them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One step, ready to be heard."""

    pcm: bytes
    onset_s: float
    """When it begins to be audible, from the first sample of ``pcm``."""
    offset_s: float
    """When it ceases to be audible."""
    breaths: tuple[tuple[float, float], ...] = ()
    """Pauses inside it: from, to."""


async def rehearse(script: Script, voice: Synthesiser, rate_hz: int) -> dict[int, Line]:
    """Every step that makes a sound, by its number. ``voice`` must have been started.

    Raises `ConfigError` for a recording that cannot be read or a line without sound, and
    whatever `ProviderError` the voice raises.
    """
    lines: dict[int, Line] = {}
    for number, step in enumerate(script.steps):
        match step:
            case Say():
                lines[number] = await _said(step, script, voice, rate_hz)
            case Wait() | Silence() | HangUp():
                pass
            case Play():
                pcm = read_audio(step.path).at(rate_hz)
                lines[number] = _line(Gain(rate_hz, step.level_db).apply(pcm), rate_hz, step)
            case Sound():
                made = sounds.make(step.kind, step.seconds, rate_hz, seed=number)
                pcm = from_float(made)
                gain_db = NORMAL_DBFS + step.level_db - rms_dbfs(int16(pcm))
                lines[number] = _line(Gain(rate_hz, gain_db).apply(pcm), rate_hz, step)
    return lines


async def _said(step: Say, script: Script, voice: Synthesiser, rate_hz: int) -> Line:
    pcm = b""
    breaths: list[tuple[float, float]] = []
    pause_s = 0.0
    for part in step.parts:
        if isinstance(part, Breath):
            pause_s = part.seconds
            continue
        spoken = _line(await _spoken(part, step, script, voice, rate_hz), rate_hz, step)
        if pcm:
            # The pause is measured as the audit measures it, so soft edges count into it.
            ended_s = offset_s(int16(pcm), rate_hz) or 0.0
            tail_s = len(pcm) / 2 / rate_hz - ended_s
            gap = max(0, round((pause_s - tail_s - spoken.onset_s) * rate_hz))
            pcm += bytes(2 * gap)
            breaths.append((ended_s, len(pcm) / 2 / rate_hz + spoken.onset_s))
        pcm += spoken.pcm
    whole = _line(pcm, rate_hz, step)
    return Line(whole.pcm, whole.onset_s, whole.offset_s, tuple(breaths))


async def _spoken(text: str, step: Say, script: Script, voice: Synthesiser, rate_hz: int) -> bytes:
    """The caller's own voice: the engine's, played faster or slower, which moves its pitch; the
    engine is asked for the opposite tempo, so that only the pitch is left changed."""
    speaking = Speaking(voice=script.voice, speed=script.speed / script.pitch)
    utterance = voice.utter(speaking)
    utterance.say(text)
    utterance.end()
    made = b"".join([piece.pcm async for piece in utterance.audio()])
    pcm = _trimmed(resample(made, round(voice.rate_hz * script.pitch), rate_hz), rate_hz)
    gain_db = normalise_gain_db(pcm, rate_hz, NORMAL_DBFS) + step.level_db
    return Gain(rate_hz, gain_db).apply(pcm)


def _trimmed(pcm: bytes, rate_hz: int) -> bytes:
    samples = int16(pcm)
    first_s = onset_s(samples, rate_hz, floor_db=_SOFT_DBFS)
    last_s = offset_s(samples, rate_hz, floor_db=_SOFT_DBFS)
    if first_s is None or last_s is None:
        return b""
    first = max(0, round((first_s - _MARGIN_S) * rate_hz))
    return pcm[2 * first : 2 * round((last_s + _MARGIN_S) * rate_hz)]


def _line(pcm: bytes, rate_hz: int, step: Say | Play | Sound) -> Line:
    samples = int16(pcm)
    first_s, last_s = onset_s(samples, rate_hz), offset_s(samples, rate_hz)
    if first_s is None or last_s is None:
        loud = "no sound" if rms_dbfs(samples) == QUIETEST_DBFS else "too quiet to be heard"
        raise ConfigError(
            f"{step.text!r}, line {step.line} of the script, is {loud}",
            fix="raise its level_db, or say it in other words",
        )
    return Line(pcm, first_s, last_s)
