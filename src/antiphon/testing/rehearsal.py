"""Turning a script's lines into audio before the call, so that the processor is free during it.

Lives here: synthesis, a voice of the caller's own, trimming, breaths, levels. Must not live
here: when a line is said (`antiphon.testing.callermachine`).
"""

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

import numpy as np

from antiphon.audio.frame import int16
from antiphon.audio.gain import Gain, normalise_gain_db
from antiphon.audio.levels import QUIETEST_DBFS, offset_s, onset_s, rms_dbfs
from antiphon.audio.resample import from_float, resample
from antiphon.errors import ConfigError
from antiphon.ports.tts import Speaking, Spoken, Synthesiser
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


_NEAR_S: Final = 0.05
"""How far an engine's word times may be off."""


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
    spoken, cuts = await _spoken(step, script, voice, rate_hz)
    pauses_s = [part.seconds for part in step.parts if isinstance(part, Breath)]
    pcm = b""
    breaths: list[tuple[float, float]] = []
    for number, (start, stop) in enumerate(pairwise((0, *cuts, len(spoken) // 2))):
        piece = _line(_trimmed(spoken[2 * start : 2 * stop], rate_hz), rate_hz, step)
        if number:
            # The pause is measured as the audit measures it, so soft edges count into it.
            ended_s = offset_s(int16(pcm), rate_hz) or 0.0
            tail_s = _seconds(pcm, rate_hz) - ended_s
            gap = max(0, round((pauses_s[number - 1] - tail_s - piece.onset_s) * rate_hz))
            pcm += bytes(2 * gap)
            breaths.append((ended_s, _seconds(pcm, rate_hz) + piece.onset_s))
        pcm += piece.pcm
    whole = _line(pcm, rate_hz, step)
    return Line(whole.pcm, whole.onset_s, whole.offset_s, tuple(breaths))


async def _spoken(
    step: Say, script: Script, voice: Synthesiser, rate_hz: int
) -> tuple[bytes, list[int]]:
    """A line in the caller's own voice, and the samples at which it takes breath.

    The voice is the engine's, played faster or slower, which moves its pitch; the engine is asked
    for the opposite tempo, so that only the pitch is left changed.
    """
    speaking = Speaking(voice=script.voice, speed=script.speed / script.pitch)
    made, cuts = await _in_one_go(step, voice, speaking)
    if cuts is None:
        made, cuts = await _in_parts(step, voice, speaking)
    own_hz = round(voice.rate_hz * script.pitch)
    pcm = resample(made, own_hz, rate_hz)
    gain_db = normalise_gain_db(pcm, rate_hz, NORMAL_DBFS) + step.level_db
    return Gain(rate_hz, gain_db).apply(pcm), [round(cut * rate_hz / own_hz) for cut in cuts]


async def _in_one_go(
    step: Say, voice: Synthesiser, speaking: Speaking
) -> tuple[bytes, list[int] | None]:
    """The line spoken as one sentence and cut between words: what comes before a breath then
    sounds as if there were more to come. No cuts where the voice does not know its word times.
    """
    pieces = await _pieces([step.text], voice, speaking)
    made = b"".join(piece.pcm for piece in pieces)
    words = [word for piece in pieces for word in piece.words]
    cuts: list[int] = []
    said = 0
    for part in step.parts:
        if isinstance(part, str):
            said += len(part.split())
        elif said < len(words):
            cuts.append(_quietest(made, words[said - 1].end, words[said].start, voice.rate_hz))
        else:
            return made, None
    return made, cuts


async def _in_parts(step: Say, voice: Synthesiser, speaking: Speaking) -> tuple[bytes, list[int]]:
    """Every part spoken by itself; the comma lets all but the last sound unfinished."""
    parts = [part for part in step.parts if isinstance(part, str)]
    texts = [f"{part.rstrip(',')}," for part in parts[:-1]] + parts[-1:]
    pieces = await _pieces(texts, voice, speaking)
    lengths = [0] * len(texts)
    for piece in pieces:
        lengths[piece.clause] += len(piece.pcm) // 2
    return b"".join(piece.pcm for piece in pieces), list(accumulate(lengths[:-1]))


async def _pieces(texts: list[str], voice: Synthesiser, speaking: Speaking) -> list[Spoken]:
    utterance = voice.utter(speaking)
    for text in texts:
        utterance.say(text)
    utterance.end()
    return [piece async for piece in utterance.audio()]


def _quietest(pcm: bytes, start: int, stop: int, rate_hz: int) -> int:
    """The middle of the quietest 10 ms between two words or near their border."""
    near, window = round(_NEAR_S * rate_hz), round(0.010 * rate_hz)
    first = max(0, min(start, stop) - near)
    part = int16(pcm)[first : max(start, stop) + near].astype(np.float64)
    energy = np.convolve(np.square(part), np.ones(window), mode="valid")
    return first + int(energy.argmin()) + window // 2


def _trimmed(pcm: bytes, rate_hz: int) -> bytes:
    samples = int16(pcm)
    first_s = onset_s(samples, rate_hz, floor_db=_SOFT_DBFS)
    last_s = offset_s(samples, rate_hz, floor_db=_SOFT_DBFS)
    if first_s is None or last_s is None:
        return b""
    first = max(0, round((first_s - _MARGIN_S) * rate_hz))
    return pcm[2 * first : 2 * round((last_s + _MARGIN_S) * rate_hz)]


def _seconds(pcm: bytes, rate_hz: int) -> float:
    return len(pcm) / 2 / rate_hz


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
