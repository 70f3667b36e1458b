"""The playout ledger: the only truth about what the caller has heard of the agent.

All positions lie on one timeline per call: samples handed to the transport since the call began,
whether they were heard or not. It never runs backwards. Audio that is flushed keeps its place on
it, unheard; what is sent next starts behind it.

Between two reports from the transport the caller is taken to hear on at the normal rate, never
past what was sent. What was taken as heard stays so, with one exception: a flush that says where
it cut. No clock here: every method that needs the time is given it, and it may not go back.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

from antiphon.audio.words import SpokenWord

__all__ = ["Heard", "Ledger"]


@dataclass(frozen=True, slots=True)
class Heard:
    """How much of one reply has reached the caller."""

    text: str = ""
    """The words of which at least half was heard."""
    unheard_text: str = ""
    """The rest: not played yet, flushed, or not synthesised."""
    samples: int = 0
    """Heard of the reply's own audio; where to resend from after a flush."""
    seconds: float = 0.0
    finished: bool = False
    """All of the reply's audio was sent (see Ledger.ended) and heard, and so all of its text."""


@dataclass(slots=True)
class _Run:
    """Samples of one reply that lie together on the timeline."""

    start: int
    samples: int


@dataclass(slots=True)
class _Reply:
    runs: list[_Run] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)
    middles: list[int] = field(default_factory=list)
    """For each placed word how much of the reply must be heard for the word to count."""
    sent: int = 0
    ended: bool = False

    def cut(self, position: int) -> None:
        """Drop the audio from ``position`` on."""
        for run in self.runs:
            dropped = max(0, min(run.samples, run.start + run.samples - position))
            if dropped:
                run.samples -= dropped
                self.sent -= dropped
                self.ended = False


class Ledger:
    """One per call. Tell it text, words, sent audio and reports; ask it what was heard.

    ``lead_s`` is for a transport without reports: its paced sender stays that far ahead of the
    caller. ``delay_s`` is for one with reports: the time from handing it the first sample after
    a silence until that can be heard, 0 if unknown.
    """

    def __init__(self, rate_hz: int, *, lead_s: float | None = None, delay_s: float = 0.0) -> None:
        self._rate_hz = rate_hz
        self._lead = None if lead_s is None else round(lead_s * rate_hz)
        self._delay = round(delay_s * rate_hz)
        self._replies: dict[int, _Reply] = {}
        self.sent_samples = 0
        """The timeline's end: the position the next sample will have."""
        self._confirmed = 0
        self._heard_to = 0  # never goes back
        self._anchor = 0  # position at _anchor_s by the latest report
        self._anchor_s = 0.0

    # --- what is to be said ---

    def text(self, reply: int, text: str) -> None:
        """More of what the reply says, as soon as it is known, before its words are placed.

        Where this is used it is the reply's text, and words() only says when. Where it is not,
        the text is what words() brings.
        """
        self._reply(reply).written += text.split()

    def words(self, reply: int, words: list[SpokenWord]) -> None:
        """Where the reply's next words lie in its audio, which may have been sent or not."""
        record = self._reply(reply)
        for word in words:
            tokens = word.text.split()
            # Half the word, some audio at least, and no sooner than the word before it.
            middle = max(1, (word.start_sample + word.end_sample + 1) // 2, *record.middles[-1:])
            record.placed += tokens
            record.middles += [middle] * len(tokens)

    # --- what happens to it ---

    def sent(self, reply: int, samples: int, now: float, *, ahead_s: float | None = None) -> None:
        """The reply's next ``samples`` were handed to the transport. ``ahead_s`` is how much is
        out with them, where the sender does not keep to its lead."""
        at = self._advance(samples, now, ahead_s)
        record = self._reply(reply)
        record.sent += samples
        if record.runs and record.runs[-1].start + record.runs[-1].samples == at:
            record.runs[-1].samples += samples
        else:
            record.runs.append(_Run(at, samples))

    def filled(self, samples: int, now: float, *, ahead_s: float) -> None:
        """Sound that belongs to no reply was handed to the transport."""
        self._advance(samples, now, ahead_s)

    def _advance(self, samples: int, now: float, ahead_s: float | None) -> int:
        """The timeline grows; returns where it ended before."""
        at = self.sent_samples
        self._heard_to = self.position(now)
        self.sent_samples = at + samples
        if self._lead is not None:
            lead = self._lead if ahead_s is None else round(ahead_s * self._rate_hz)
            self._anchor, self._anchor_s = self.sent_samples - lead, now
        elif self._heard_to == at:
            # Nothing was playing: the time since the last report says nothing.
            self._anchor, self._anchor_s = at - self._delay, now
        return at

    def ended(self, reply: int) -> None:
        """All of the reply's audio has been sent; without this it never counts as finished.

        Not for a reply whose voice failed half way. A flush that drops any of the reply undoes it.
        """
        self._reply(reply).ended = True

    def confirmed(self, position: int, now: float) -> None:
        """The transport says the caller has heard everything before ``position``.

        Reports may come late, twice, in the wrong order or from beyond the end. Those for audio
        that was flushed since confirm nothing.
        """
        self._heard_to = self.position(now)
        position = min(position, self.sent_samples)
        if position < self._confirmed:
            return
        self._confirmed = self._anchor = position
        self._anchor_s = now
        self._heard_to = max(self._heard_to, position)

    def flushed(self, position: int | None, now: float) -> int:
        """The transport dropped what it had not played; returns the cut.

        With a ``position`` (where the transport says it stopped) that is the truth, also if more
        was taken as heard, though never less than was confirmed. Without, the cut is where the
        caller is taken to be. Dropped audio no longer counts as sent: to resend a reply, send
        it on from Heard.samples.
        """
        cut = self.position(now)
        if position is not None:
            cut = min(max(position, self._confirmed), self.sent_samples)
        for record in self._replies.values():
            record.cut(cut)
        self._confirmed = self._heard_to = self._anchor = self.sent_samples
        self._anchor_s = now
        return cut

    def forget(self, reply: int) -> None:
        """Drop a reply that is finished or was cut off, once its Heard has been used."""
        self._replies.pop(reply, None)

    # --- what was heard ---

    def position(self, now: float) -> int:
        """Where on the timeline the caller is."""
        reached = self._anchor + round((now - self._anchor_s) * self._rate_hz)
        return min(self.sent_samples, max(self._heard_to, reached))

    def outstanding(self, now: float) -> float:
        """Seconds of audio sent and not yet heard."""
        return (self.sent_samples - self.position(now)) / self._rate_hz

    @property
    def unconfirmed_s(self) -> float:
        """Seconds of audio sent and not yet reported, or flushed."""
        return (self.sent_samples - self._confirmed) / self._rate_hz

    def heard(self, reply: int, now: float) -> Heard:
        """What the caller has heard of a reply; nothing of an unknown one.

        ``text`` and ``unheard_text`` together are always all of the reply's text, with single
        spaces.
        """
        record = self._replies.get(reply)
        if record is None:
            return Heard()
        position = self.position(now)
        samples = sum(max(0, min(run.samples, position - run.start)) for run in record.runs)
        tokens = record.written or record.placed
        finished = record.ended and samples == record.sent and (samples > 0 or not tokens)
        split = len(tokens) if finished else bisect_right(record.middles, samples)
        return Heard(
            text=" ".join(tokens[:split]),
            unheard_text=" ".join(tokens[split:]),
            samples=samples,
            seconds=samples / self._rate_hz,
            finished=finished,
        )

    def _reply(self, reply: int) -> _Reply:
        return self._replies.setdefault(reply, _Reply())
