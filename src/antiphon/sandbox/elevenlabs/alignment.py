"""Where the characters of a text lie in the sandbox's audio, as ElevenLabs tells it. Pure.

Each piece of audio carries the characters that begin in it, with times counted from its own
beginning. The normalised text begins with a space, as third parties saw it; numbers stay as they
are, for the sandbox reads nothing out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from antiphon.providers.elevenlabs.wire import speech, timed

__all__ = ["Aligned", "Character", "as_chunk", "as_message"]


@dataclass(frozen=True, slots=True)
class Character:
    char: str
    start_s: float
    end_s: float


@dataclass(slots=True)
class Aligned:
    """The characters of one text, as the audio of it is made."""

    text: str
    _at: int = 0
    """Characters placed."""
    _end_s: float = 0.0
    _waiting: list[Character] = field(default_factory=list)

    def take(
        self, words: Sequence[tuple[str, float, float]], until_s: float, *, last: bool
    ) -> list[Character]:
        """Place these words; returns the characters that begin before ``until_s``, and all of
        them with the last audio."""
        for word, start_s, end_s in words:
            found = self.text.find(word, self._at)
            if found < 0:
                continue
            self._place(found, start_s)
            self._place(found + len(word), end_s)
        if last:
            self._place(len(self.text), max(until_s, self._end_s))
        ready = [char for char in self._waiting if last or char.start_s < until_s]
        self._waiting = self._waiting[len(ready) :]
        return ready

    def _place(self, upto: int, end_s: float) -> None:
        """The characters up to there share the time up to then."""
        count = upto - self._at
        if count <= 0:
            return
        start_s = self._end_s
        step_s = max(0.0, end_s - start_s) / count
        for number, char in enumerate(self.text[self._at : upto]):
            begin_s = start_s + number * step_s
            self._waiting.append(Character(char, begin_s, begin_s + step_s))
        self._at, self._end_s = upto, max(end_s, start_s)


def as_message(chars: Sequence[Character], from_s: float) -> speech.Alignment | None:
    """For the WebSocket, counted from ``from_s``."""
    if not chars:
        return None
    return speech.Alignment(
        chars=tuple(char.char for char in chars),
        starts_ms=tuple(max(0, round((char.start_s - from_s) * 1000)) for char in chars),
        durations_ms=tuple(round((char.end_s - char.start_s) * 1000) for char in chars),
    )


def as_chunk(chars: Sequence[Character]) -> timed.Characters | None:
    """For HTTP, counted from the beginning of the answer."""
    if not chars:
        return None
    return timed.Characters(
        characters=tuple(char.char for char in chars),
        character_start_times_seconds=tuple(round(char.start_s, 3) for char in chars),
        character_end_times_seconds=tuple(round(char.end_s, 3) for char in chars),
    )
