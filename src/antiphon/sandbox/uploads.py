"""Recordings that clients send whole, as pretended ears hear them.

An utterance that is read while it grows is sent again and again, each time longer, and the next one
begins anew. So that a script goes on from one to the next, recordings named ``CALL-NUMBER.wav`` are
one call's: a longer one is heard from where the last ended, a new number after a pause. Any other
name is a recording by itself.

Must not live here: any vendor's form or answer.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from antiphon.events import TranscriptChanged
from antiphon.net.socket import together
from antiphon.ports.stt import Hearing
from antiphon.sandbox.dictation import Dictation
from antiphon.sandbox.vendor import Means

__all__ = ["read_upload"]

NAMED: Final = re.compile(r"(?P<call>[0-9a-f]{8})-(?P<number>\d+)\.wav")
PAUSE_S: Final = 0.5
MOST_CALLS: Final = 100
KEPT: Final = "uploads"


@dataclass(slots=True)
class _Call:
    dictation: Dictation
    number: int
    rate_hz: int
    base_s: float = 0.0
    """Where the recording begins, in what the call's ear heard."""
    taken: int = 0
    """Bytes of it that were heard."""


async def read_upload(means: Means, name: str, pcm: bytes, rate_hz: int) -> TranscriptChanged:
    """What is said in a recording, in seconds since it begins."""
    call = await _call(means, name, rate_hz)
    silence = bytes(2 * round(PAUSE_S * rate_hz))
    told: list[TranscriptChanged] = []

    async def listen() -> None:
        if call.taken < 0:
            call.dictation.feed(silence)
            await call.dictation.close()
            call.base_s, call.taken = call.dictation.heard_s, 0
        call.dictation.feed(pcm[call.taken :])
        call.taken = max(call.taken, len(pcm))
        told.append(await call.dictation.last())

    await together(listen(), call.dictation.run())
    return _shifted(told[0], call.base_s)


async def _call(means: Means, name: str, rate_hz: int) -> _Call:
    calls: dict[str, _Call] = means.kept.setdefault(KEPT, {})
    named = NAMED.fullmatch(name)
    number = int(named["number"]) if named else 0
    found = calls.get(named["call"]) if named else None
    if found is not None and found.rate_hz == rate_hz and number >= found.number:
        if number > found.number:
            found.number, found.taken = number, -1
        return found
    fresh = _Call(Dictation(means, Hearing(rate_hz=rate_hz), "linear16"), number, rate_hz)
    if named:
        calls[named["call"]] = fresh
        while len(calls) > MOST_CALLS:
            del calls[next(iter(calls))]
    return fresh


def _shifted(heard: TranscriptChanged, by_s: float) -> TranscriptChanged:
    words = tuple(
        replace(word, start_s=max(0.0, word.start_s - by_s), end_s=max(0.0, word.end_s - by_s))
        for word in heard.words
    )
    start_s, end_s = max(0.0, heard.start_s - by_s), max(0.0, heard.end_s - by_s)
    return replace(heard, words=words, start_s=start_s, end_s=end_s)
