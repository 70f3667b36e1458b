"""What a realtime session makes of a call's audio: the pieces we commit, and their text.

Every piece is an *item* at the vendor's. The newest is its buffer, which grows until it is
committed; text comes for it by item, perhaps before that, perhaps late and in another order. Pure
bookkeeping; it knows no socket. Must not live here: when to commit (`stt_realtime`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.net.segment import Reading, Segment
from antiphon.net.streamed import Piece, Segments
from antiphon.ports.stt import Heard

__all__ = ["Items"]


@dataclass(slots=True, eq=False)
class _Item:
    voice: Segment
    """Where it lies, and where in it somebody speaks."""
    end: int | None = None
    """Where it was committed, in samples; None for the buffer."""
    id: str | None = None
    """As the vendor names it, once it has."""
    acknowledged: bool = False
    text: str = ""
    language: str = ""
    done: bool = False


class Items:
    """All of one session's, in samples of the audio sent."""

    def __init__(self, rate_hz: int, tell: Callable[[Heard], None]) -> None:
        self._rate_hz = rate_hz
        self.segments = Segments(tell)
        self._numbers = 0
        self._items = [self._new(0)]
        self._edges = False
        """Somebody tells us where voices are."""

    # --- our end -----------------------------------------------------------------------------

    @property
    def buffer_from(self) -> int:
        """Where the buffer begins."""
        return self._items[-1].voice.begin

    @property
    def pending(self) -> bool:
        """Something was committed that is not read yet."""
        return any(not item.done for item in self._items[:-1])

    @property
    def spoken(self) -> bool:
        """The buffer holds speech, as far as is known. A model that is made to read silence may
        find words in it."""
        buffer = self._items[-1]
        return bool(buffer.text or buffer.voice.spans) or not self._edges

    @property
    def undecided(self) -> bool:
        """The buffer's text was begun."""
        return bool(self._items[-1].text)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        """An edge of our own voice activity."""
        self._edges = True
        voice, at = self._items[-1].voice, round(edge.at_s * self._rate_hz)
        if isinstance(edge, SpeechStarted):
            voice.started(at)
        else:
            voice.stopped(at)
            # It ended before the cut, and was known too late.
            voice.spans = [span for span in voice.spans if span[0] != span[1]]

    def commit(self, at: int) -> None:
        """The buffer becomes an item here."""
        buffer, fresh = self._items[-1], self._new(at)
        buffer.end = at
        if buffer.voice.talking:
            fresh.voice.started(at)
            buffer.voice.stopped(at)
        self._items.append(fresh)

    # --- the vendor's end --------------------------------------------------------------------

    def acknowledged(self, item_id: str) -> bool:
        """What was committed first has this name now; False where nothing was."""
        for item in self._items[:-1]:
            if not item.acknowledged:
                item.id, item.acknowledged = item_id, True
                return True
        return False

    def refused(self) -> None:
        """What was committed first was too short to be an item: it is part of the next."""
        for at, item in enumerate(self._items[:-1]):
            if not item.acknowledged:
                after = self._items[at + 1].voice
                after.begin = item.voice.begin
                after.spans = item.voice.spans + after.spans
                del self._items[at]
                return

    def heard(self, item_id: str, delta: str) -> None:
        """More of an item's text."""
        item = self._named(item_id)
        if item is not None and not item.done:
            item.text += delta

    def read(self, item_id: str, text: str, language: str = "") -> None:
        """All of an item's text, and the language it is in where the vendor told."""
        item = self._named(item_id)
        if item is not None:
            item.text, item.language, item.done = text.strip(), language, True

    def tell(self, until: int) -> None:
        """Tell what is known, the audio having come to ``until``."""
        while len(self._items) > 1 and self._items[0].done:
            self.segments.heard(self._piece(self._items.pop(0), until), closed=True)
        open_ = [self._piece(item, until) for item in self._items if item.text.strip()]
        if open_:
            words = tuple(word for piece in open_ for word in piece.words)
            text = " ".join(piece.text for piece in open_)
            whole = Piece(start_s=open_[0].start_s, end_s=open_[-1].end_s, text=text, words=words)
            self.segments.heard(whole, closed=False)

    def _new(self, begin: int) -> _Item:
        self._numbers += 1
        return _Item(Segment(self._numbers, begin))

    def _named(self, item_id: str) -> _Item | None:
        """The item of that name; a name not heard before is that of the oldest without."""
        for item in self._items:
            if item.id == item_id:
                return item
        nameless = next((item for item in self._items if item.id is None), None)
        if nameless is not None:
            nameless.id = item_id
        return nameless

    def _piece(self, item: _Item, until: int) -> Piece:
        until = until if item.end is None else item.end
        start, end = item.voice.extent(until)
        text = item.text.strip()
        return Piece(
            start_s=start / self._rate_hz,
            end_s=end / self._rate_hz,
            text=text,
            words=item.voice.words(Reading(until=until, text=text), self._rate_hz),
            language=item.language,
        )
