"""One reply on its way from text to sound: its clauses, its audio, and how far it was sent.

Pure: voicing.py fills it, playout.py empties it. All samples are at the transport's rate, and
positions count the reply's own audio, pauses between clauses included.
"""

from typing import Final

from antiphon.actions import Speak
from antiphon.audio.frame import FRAME_S
from antiphon.audio.gain import Gain, fade_in, fade_out
from antiphon.audio.words import SpokenWord
from antiphon.mouth.clause import LETTERS_PER_S, Clause, pause_s, words_of
from antiphon.mouth.manuscript import Manuscript, Part

__all__ = ["Reply"]

PREBUFFER_S: Final = 0.04
"""A reply begins once it has this much, or its whole first clause: two frames, so that the
second does not come too late."""
EDGE_S: Final = 0.005
"""Held back from a clause that is still being made, to fade out with if no more comes in time;
also how long the voice takes to come back. Shorter is heard as a click."""
SEAM_S: Final = 0.06
"""Between two voices within one clause: about as long as a speaker's shortest pause."""
KEPT_S: Final = 4.0
"""Sent audio that is kept for a flush: more than any lead and any way there and back."""


class Reply:
    """Text in, audio in, audio out."""

    def __init__(self, speak: Speak, rate_hz: int) -> None:
        self.number = speak.reply
        self.kind = speak.kind
        self.held = speak.held
        self.manner = speak.manner or speak.kind
        """In which of the agent's manners it is said, where its markup says nothing else."""
        self.clauses: list[Clause] = []
        self.text_complete = False
        self.failed: str | None = None
        """Why no more audio will come."""
        self.ready = False
        """ReplyReady was told."""
        self.started = False
        """Some of it was sent."""
        self.cursor = 0
        """The next sample to send."""
        self.underruns = 0
        self._rate_hz = rate_hz
        self._manuscript = Manuscript()
        self._audio = bytearray()
        self._dropped = 0
        self._fade_next = False
        self._elapsed = False
        """The caller has had the pause before the next clause: it came late."""
        self._placed = 0
        self._ends: list[int] = []

    # --- text -------------------------------------------------------------------------------

    def add(self, speak: Speak) -> list[Part]:
        """More text; returns what is complete now, for `Clause` objects."""
        self.text_complete = speak.last
        return self._manuscript.add(speak.text, trust=speak.trust, last=speak.last)

    @property
    def text(self) -> str:
        """What has come of it, without markup."""
        return self._manuscript.text

    @property
    def unsaid(self) -> Clause | None:
        """The first clause that nobody has begun to make."""
        return next((clause for clause in self.clauses if not clause.said), None)

    @property
    def open_clause(self) -> Clause | None:
        """The first clause whose audio is not all here: the one new audio belongs to."""
        return next((clause for clause in self.clauses if not clause.complete), None)

    @property
    def ahead(self) -> tuple[int, float]:
        """Clauses begun and not wholly sent, and about how many seconds those still take."""
        count, seconds = 0, 0.0
        for clause in self.clauses:
            if not clause.said or (clause.complete and clause.start + clause.made <= self.cursor):
                continue
            count += 1
            length_s = clause.made / self._rate_hz
            if not clause.complete:
                length_s = max(length_s, len(clause.spoken.text) / LETTERS_PER_S)
            seconds += length_s - max(0, self.cursor - clause.start) / self._rate_hz
        return count, seconds

    # --- audio in ---------------------------------------------------------------------------

    @property
    def rendered(self) -> int:
        """Samples made so far."""
        return self._dropped + len(self._audio) // 2

    @property
    def whole(self) -> bool:
        """No more audio will come."""
        if self.failed is not None:
            return True
        return self.text_complete and all(clause.complete for clause in self.clauses)

    @property
    def playable(self) -> bool:
        """There is enough to begin with."""
        enough = PREBUFFER_S * self._rate_hz
        first = next((clause for clause in self.clauses if clause.made), None)
        if first is not None and first.complete:
            enough = FRAME_S * self._rate_hz
        return self.rendered >= enough or (self.whole and self.rendered > 0)

    def append(self, pcm: bytes) -> None:
        """More of the open clause. A pause goes before its first sample."""
        clause = self.open_clause
        if not pcm or clause is None:
            return
        if not clause.made:
            # Where all of it was taken back, the pause is there already.
            if self.rendered != clause.start and not self._elapsed:
                self._audio += bytes(2 * round(self._pause_s(clause) * self._rate_hz))
            clause.start = self.rendered
        self._elapsed = False
        if clause.volume_db:
            pcm = Gain(self._rate_hz, clause.volume_db).apply(pcm)
        self._audio += pcm
        clause.made += len(pcm) // 2

    def _pause_s(self, clause: Clause) -> float:
        """Before it; none beside a break, which is as long as it says."""
        before = self.clauses[: self.clauses.index(clause)]
        sounding = (other for other in reversed(before) if other.ready or other.spoken.text)
        neighbour = next(sounding, None)
        if clause.breaks or (neighbour is not None and neighbour.breaks):
            return 0.0
        return pause_s("".join(other.text for other in before), clause.text)

    def unsent(self, clause: Clause, from_sample: int) -> bytes:
        """The audio of the open clause that can still be taken back, from a sample of its own."""
        at = max(clause.start + from_sample, self.cursor)
        return bytes(self._audio[2 * (at - self._dropped) :])

    def break_off(self, clause: Clause, made: int) -> None:
        """Take back the open clause's audio after so many samples, but for what was sent. What
        stays sinks away and is followed by a short pause: somebody else may go on."""
        if not clause.made:
            return
        sent = self.cursor - clause.start
        edge = round(EDGE_S * self._rate_hz)
        made = min(max(made, sent + edge if sent > 0 else 0), clause.made)
        self._audio = self._audio[: 2 * (clause.start + made - self._dropped)]
        clause.made = made
        if not made:
            return
        tail = min(edge, self.rendered - self.cursor)
        if tail > 0:
            self._audio[-2 * tail :] = fade_out(bytes(self._audio[-2 * tail :]), self._rate_hz)
        pause = round(SEAM_S * self._rate_hz)
        self._audio += bytes(2 * pause)
        clause.made += pause

    # --- audio out --------------------------------------------------------------------------

    @property
    def all_sent(self) -> bool:
        return self.whole and self.cursor >= self.rendered

    def frame(self, samples: int, *, urgent: bool) -> bytes | None:
        """The next frame, or None where it is not there yet.

        ``urgent``: the caller is about to run dry, so what there is must go, fading out.
        Frames are always whole; silence that fills one up becomes part of the reply.
        """
        left = self.rendered - self.cursor
        clause = self.open_clause
        within = clause is not None and clause.made > 0
        if left >= samples + (round(EDGE_S * self._rate_hz) if within else 0):
            return self._take(samples)
        if left <= 0 or not (self.whole or (urgent and self.started)):
            return None
        missing = max(0, samples - left)
        if clause is not None and within:
            self.underruns += not self.whole
            clause.made += missing
            clause.inserted += missing
        self._audio += bytes(2 * missing)
        pcm = self._take(samples)
        if not within:
            self._elapsed = not self.whole
            return pcm
        self._fade_next = True
        sound = len(pcm) - 2 * missing
        return fade_out(pcm[:sound], self._rate_hz, EDGE_S) + pcm[sound:]

    def rewind(self, cursor: int) -> None:
        """Send again from here: the rest never reached the caller."""
        self.cursor = max(cursor, self._dropped)
        self._fade_next = True

    def forget_old(self) -> None:
        """Let go of audio sent so long ago that no flush can ask for it again."""
        drop = self.cursor - self._dropped - round(KEPT_S * self._rate_hz)
        if drop >= self._rate_hz:  # once a second: moving what is left costs the same each time
            del self._audio[: 2 * drop]
            self._dropped += drop

    def _take(self, samples: int) -> bytes:
        at = 2 * (self.cursor - self._dropped)
        pcm = bytes(self._audio[at : at + 2 * samples])
        self.cursor += samples
        if self._fade_next:
            self._fade_next = False
            pcm = fade_in(pcm, self._rate_hz, EDGE_S)
        return pcm

    # --- words ------------------------------------------------------------------------------

    def place(self, *, all_of_it: bool = False) -> list[SpokenWord]:
        """Words whose place in the audio is known since the last call, in order.

        They come a clause at a time, as soon as it is complete; with ``all_of_it`` (the reply
        ends here) also those of a clause that was only begun.
        """
        placed: list[SpokenWord] = []
        while self._placed < len(self.clauses):
            clause = self.clauses[self._placed]
            if not clause.complete and not (all_of_it and clause.made):
                break
            offset = sum(len(before.text) for before in self.clauses[: self._placed])
            for end, word in words_of(clause, self._rate_hz):
                placed.append(word)
                self._ends.append(offset + end)
            self._placed += 1
        return placed

    @property
    def text_placed(self) -> int:
        """How much of the text, in characters, has its place in the audio."""
        return self._ends[-1] if self._ends else 0

    def marks(
        self, since: int, words: list[SpokenWord], begins: int
    ) -> tuple[str, tuple[tuple[int, int], ...]]:
        """The text of the ``words`` just placed, which begins at character ``since``, and by
        which sample each of them is heard if the reply's first one is number ``begins``."""
        ends = self._ends[-len(words) :]
        marks = zip(ends, words, strict=True)
        return (
            self.text[since : ends[-1]],
            tuple((end - since, begins + word.end_sample) for end, word in marks),
        )

    def split(self, words: int) -> tuple[str, str]:
        """The reply's text, parted after so many of its placed words."""
        end = self._ends[words - 1] if words else 0
        return self.text[:end], self.text[end:] + self._manuscript.rest
