from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from antiphon.audio.ledger import Heard, Ledger
from antiphon.audio.words import SpokenWord, estimate_words

RATE_HZ = 1000
"""One sample a millisecond, so that figures in the tests can be read."""


def four_words(start: int = 0) -> list[SpokenWord]:
    return [
        SpokenWord(text, start + 100 * at, start + 100 * at + 100)
        for at, text in enumerate(["one", "two", "three", "four"])
    ]


def playing(**transport: float) -> Ledger:
    """Reply 7, four words of 100 ms each, handed over in one piece at 10.0."""
    ledger = Ledger(RATE_HZ, **transport)
    ledger.words(7, four_words())
    ledger.sent(7, 400, now=10.0)
    ledger.ended(7)
    return ledger


# --- between reports ---


def test_heard_goes_on_with_the_time_and_stops_at_what_was_sent() -> None:
    ledger = playing()
    assert ledger.heard(7, 10.0) == Heard("", "one two three four")
    assert ledger.heard(7, 10.25) == Heard("one two three", "four", 250, 0.25)
    assert ledger.heard(7, 99.0) == Heard("one two three four", "", 400, 0.4, finished=True)
    assert (ledger.position(10.1), ledger.outstanding(10.1)) == (100, 0.3)
    assert ledger.outstanding(99.0) == 0


def test_a_word_is_heard_when_half_of_its_samples_are() -> None:
    ledger = playing()
    assert ledger.heard(7, 10.149).text == "one"
    assert ledger.heard(7, 10.150).text == "one two"


def test_audio_after_a_silence_starts_when_it_is_sent() -> None:
    ledger = playing()
    ledger.sent(8, 100, now=20.0)
    assert ledger.heard(8, 20.0).samples == 0
    assert ledger.heard(8, 20.06).samples == 60


def test_a_known_delay_comes_before_the_first_sample() -> None:
    ledger = playing(delay_s=0.15)
    assert ledger.heard(7, 10.15).samples == 0
    assert ledger.heard(7, 10.25).samples == 100


def test_a_clock_that_goes_back_takes_nothing_back() -> None:
    ledger = playing()
    ledger.confirmed(200, now=10.2)
    assert ledger.heard(7, 3.0).samples == 200


# --- reports ---


def test_a_report_moves_heard_forward() -> None:
    ledger = playing()
    ledger.confirmed(300, now=10.1)
    assert ledger.heard(7, 10.1).samples == 300
    assert ledger.heard(7, 10.15).samples == 350


def test_a_report_behind_the_estimate_holds_it_until_the_caller_has_caught_up() -> None:
    ledger = playing()
    ledger.confirmed(50, now=10.2)
    assert [ledger.heard(7, at).samples for at in (10.2, 10.35, 10.4)] == [200, 200, 250]


def test_a_report_that_repeats_itself_says_that_playback_stands() -> None:
    ledger = playing()
    for at in (10.0, 10.1, 10.2, 10.3):
        ledger.confirmed(0, now=at)
    assert ledger.heard(7, 10.3).samples <= 100


@pytest.mark.parametrize("position", [100, -5, 0])
def test_late_reports_change_nothing(position: int) -> None:
    ledger = playing()
    ledger.confirmed(200, now=10.2)
    ledger.confirmed(position, now=10.25)
    assert ledger.heard(7, 10.3).samples == 300


def test_a_report_from_beyond_the_end_confirms_the_end() -> None:
    ledger = playing()
    ledger.confirmed(10**9, now=10.0)
    assert ledger.heard(7, 10.0).samples == 400
    ledger.sent(7, 100, now=10.0)
    assert ledger.heard(7, 10.0).samples == 400


# --- a paced sender ---


def test_a_paced_sender_is_its_lead_ahead_of_the_caller() -> None:
    ledger = Ledger(RATE_HZ, lead_s=0.06)
    for frame in range(10):
        ledger.sent(1, 20, now=frame * 0.02)
        assert ledger.heard(1, frame * 0.02).samples == max(0, 20 * (frame + 1) - 60)
    ledger.ended(1)
    assert not ledger.heard(1, 0.239).finished
    assert ledger.heard(1, 0.24).finished


def test_a_paced_sender_that_stalls_lets_the_caller_run_dry() -> None:
    ledger = Ledger(RATE_HZ, lead_s=0.06)
    ledger.sent(1, 100, now=0.0)
    assert ledger.heard(1, 5.0).samples == 100
    ledger.sent(1, 100, now=5.0)
    assert ledger.heard(1, 5.0).samples == 140


# --- flush ---


def test_a_flush_without_a_position_cuts_where_the_caller_is() -> None:
    ledger = playing()
    assert ledger.flushed(None, now=10.2) == 200
    assert ledger.heard(7, 99.0) == Heard("one two", "three four", 200, 0.2)
    assert ledger.outstanding(10.2) == 0


def test_a_flush_with_a_position_is_the_truth() -> None:
    early, late = playing(), playing()
    assert early.flushed(120, now=10.2) == 120
    assert early.heard(7, 99.0).text == "one"
    assert late.flushed(360, now=10.2) == 360
    assert late.heard(7, 99.0).text == "one two three four"


@pytest.mark.parametrize("position,cut", [(10, 100), (10**9, 400)])
def test_a_flush_never_cuts_what_was_confirmed_nor_beyond_the_end(position: int, cut: int) -> None:
    ledger = playing()
    ledger.confirmed(100, now=10.2)
    assert ledger.flushed(position, now=10.2) == cut


def test_marks_that_return_because_of_a_flush_confirm_nothing() -> None:
    ledger = playing()
    ledger.flushed(None, now=10.1)
    for mark in (100, 200, 300, 400, 300, 400):
        ledger.confirmed(mark, now=10.12)
    assert ledger.heard(7, 10.2).samples == 100
    ledger.sent(8, 100, now=10.2)
    ledger.confirmed(400, now=10.25)
    assert ledger.heard(8, 10.25).samples == 50


def test_what_is_sent_after_a_flush_lies_behind_everything_sent() -> None:
    ledger = playing()
    ledger.flushed(150, now=10.2)
    ledger.sent(8, 100, now=10.3)
    ledger.confirmed(460, now=10.31)
    assert ledger.heard(8, 10.31).samples == 60
    assert ledger.heard(7, 10.31).samples == 150


def test_a_ducked_reply_is_resent_from_where_it_was_cut() -> None:
    ledger = playing()
    ledger.flushed(150, now=10.15)
    rest = 400 - ledger.heard(7, 10.15).samples
    ledger.sent(7, rest, now=10.2)
    ledger.ended(7)
    assert ledger.heard(7, 10.25) == Heard("one two", "three four", 200, 0.2)
    assert ledger.heard(7, 10.45) == Heard("one two three four", "", 400, 0.4, finished=True)


def test_an_interrupted_reply_is_never_finished() -> None:
    ledger = playing()
    ledger.flushed(None, now=10.399)
    assert ledger.heard(7, 99.0) == Heard("one two three four", "", 399, 0.399)


def test_a_flush_with_nothing_outstanding_changes_nothing() -> None:
    ledger = playing()
    assert ledger.flushed(None, now=11.0) == 400
    assert ledger.heard(7, 11.0).finished
    assert ledger.flushed(3, now=11.0) == 400
    assert ledger.heard(7, 11.0).finished


# --- text and words ---


def test_text_without_audio_is_unheard() -> None:
    ledger = Ledger(RATE_HZ)
    ledger.text(7, "one two  three\nfour")
    ledger.text(7, " five six.")
    ledger.words(7, four_words())
    ledger.sent(7, 400, now=10.0)
    assert ledger.heard(7, 10.4) == Heard("one two three four", "five six.", 400, 0.4)


def test_words_may_come_after_their_audio() -> None:
    ledger = Ledger(RATE_HZ)
    ledger.sent(7, 400, now=10.0)
    assert ledger.heard(7, 10.3) == Heard("", "", 300, 0.3)
    ledger.words(7, four_words())
    assert ledger.heard(7, 10.3).text == "one two three"


def test_a_word_of_two_is_heard_or_not_as_one() -> None:
    ledger = Ledger(RATE_HZ)
    ledger.words(7, [SpokenWord("New York", 0, 100), SpokenWord("", 100, 110)])
    ledger.sent(7, 100, now=0.0)
    assert ledger.heard(7, 0.049) == Heard("", "New York", 49, 0.049)
    assert ledger.heard(7, 0.050).text == "New York"


def test_word_times_out_of_order_still_part_the_text_in_one_place() -> None:
    ledger = Ledger(RATE_HZ)
    ledger.words(7, [SpokenWord("late", 300, 400), SpokenWord("early", 0, 100)])
    ledger.sent(7, 400, now=0.0)
    assert ledger.heard(7, 0.2).text == ""
    assert ledger.heard(7, 0.35).text == "late early"


def test_a_finished_reply_was_heard_whole_whatever_its_word_times_say() -> None:
    ledger = Ledger(RATE_HZ)
    ledger.words(7, [SpokenWord("one", 0, 100), SpokenWord("two", 900, 990)])
    ledger.sent(7, 100, now=0.0)
    assert ledger.heard(7, 0.1).unheard_text == "two"
    ledger.ended(7)
    assert ledger.heard(7, 0.1) == Heard("one two", "", 100, 0.1, finished=True)


def test_a_reply_that_ended_without_audio_was_not_heard() -> None:
    ledger = Ledger(RATE_HZ)
    ledger.text(7, "hello")
    ledger.ended(7)
    assert ledger.heard(7, 5.0) == Heard("", "hello")
    ledger.ended(8)
    assert ledger.heard(8, 5.0).finished


def test_an_unknown_or_forgotten_reply_is_empty() -> None:
    ledger = playing()
    assert ledger.heard(1, 10.0) == Heard()
    ledger.forget(7)
    ledger.forget(7)
    assert ledger.heard(7, 99.0) == Heard()
    assert ledger.flushed(None, now=10.1) == 100


def test_two_replies_interleaved() -> None:
    ledger = Ledger(RATE_HZ)
    for reply in (1, 2, 1):
        ledger.sent(reply, 100, now=0.0)
    assert [ledger.heard(1, 0.25).samples, ledger.heard(2, 0.25).samples] == [150, 100]
    ledger.flushed(150, now=0.25)
    assert [ledger.heard(1, 9.0).samples, ledger.heard(2, 9.0).samples] == [100, 50]


# --- properties ---

TEXTS = st.lists(st.text("abc ,.1", min_size=1, max_size=8), max_size=8).map(" ".join)


@given(TEXTS, st.integers(1, 3000), st.lists(st.integers(0, 800), max_size=6), st.data())
def test_chunking_never_changes_the_words(
    text: str, samples: int, sizes: list[int], data: st.DataObject
) -> None:
    whole, parts = Ledger(RATE_HZ), Ledger(RATE_HZ)
    whole.words(1, estimate_words(text, samples))
    whole.sent(1, samples, now=1.0)
    rest = samples
    for size in sizes:
        parts.sent(1, min(size, rest), now=1.0)
        rest -= min(size, rest)
    parts.sent(1, rest, now=1.0)
    for word in estimate_words(text, samples):
        parts.words(1, [word])
    at = data.draw(st.floats(1.0, 1.0 + samples / RATE_HZ))
    assert parts.heard(1, at) == whole.heard(1, at)


@given(TEXTS, st.integers(1, 3000), st.floats(0, 4), st.one_of(st.none(), st.integers(0, 4000)))
def test_an_interruption_parts_the_text_once_and_loses_no_word(
    text: str, samples: int, after_s: float, position: int | None
) -> None:
    ledger = Ledger(RATE_HZ)
    words = estimate_words(text, samples)
    ledger.text(1, text)
    ledger.words(1, words)
    ledger.sent(1, samples, now=0.0)
    ledger.flushed(position, now=after_s)
    heard = ledger.heard(1, 100.0)
    assert f"{heard.text} {heard.unheard_text}".split() == text.split()
    halves = [2 * heard.samples >= word.start_sample + word.end_sample for word in words]
    assert len(heard.text.split()) == (sum(halves) if heard.samples else 0)


@dataclass
class Model:
    """What a caller with perfect memory would say: the fate of every sample, one by one."""

    timeline: list[tuple[int, bool]] = field(default_factory=list)
    texts: dict[int, list[str]] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)

    def live(self, reply: int, until: int | None = None) -> int:
        return sum(1 for owner, alive in self.timeline[:until] if owner == reply and alive)


class LedgerCall(RuleBasedStateMachine):
    """Any order of what a call may do to its ledger, reports from a broken transport included."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger, self.model, self.now = Ledger(RATE_HZ), Model(), 0.0
        self.least: dict[int, int] = {}
        self.flushed_at = self.confirmed = 0
        self.position = 0

    replies = st.integers(1, 3)

    @rule(seconds=st.floats(0, 0.2))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(reply=replies, text=TEXTS)
    def say(self, reply: int, text: str) -> None:
        self.ledger.text(reply, text)
        self.model.texts.setdefault(reply, []).extend(text.split())

    @rule(reply=replies, start=st.integers(0, 200), samples=st.integers(0, 100))
    def place(self, reply: int, start: int, samples: int) -> None:
        known = self.model.texts.get(reply, [])[:2]
        self.ledger.words(reply, estimate_words(" ".join(known), samples, start))

    @rule(reply=replies, samples=st.integers(0, 150))
    def send(self, reply: int, samples: int) -> None:
        self.ledger.sent(reply, samples, self.now)
        self.model.timeline += [(reply, True)] * samples

    @rule(reply=replies)
    def end(self, reply: int) -> None:
        self.ledger.ended(reply)
        self.model.ended.add(reply)

    @rule(position=st.integers(-10, 2000))
    def report(self, position: int) -> None:
        self.ledger.confirmed(position, self.now)
        self.confirmed = max(self.confirmed, min(position, len(self.model.timeline)))

    @precondition(lambda self: self.flushed_at)
    @rule(data=st.data())
    def late_mark(self, data: st.DataObject) -> None:
        """A mark for audio from before the last flush confirms nothing."""
        before = {reply: self.ledger.heard(reply, self.now) for reply in (1, 2, 3)}
        self.ledger.confirmed(data.draw(st.integers(0, self.flushed_at)), self.now)
        assert before == {reply: self.ledger.heard(reply, self.now) for reply in (1, 2, 3)}

    @rule(position=st.one_of(st.none(), st.integers(0, 2000)))
    def flush(self, position: int | None) -> None:
        estimate = self.ledger.position(self.now)
        cut = self.ledger.flushed(position, self.now)
        if position is None:
            assert cut == estimate
        else:
            assert cut == min(max(position, self.confirmed), len(self.model.timeline))
        dropped = {owner for owner, alive in self.model.timeline[cut:] if alive}
        self.model.ended -= dropped
        self.model.timeline[cut:] = [(owner, False) for owner, _ in self.model.timeline[cut:]]
        self.confirmed = self.flushed_at = len(self.model.timeline)
        if position is not None:
            # The one case where what was only taken as heard may turn out not to have been.
            self.least = {reply: self.model.live(reply, cut) for reply in self.least}

    @rule(reply=replies)
    def forget(self, reply: int) -> None:
        self.ledger.forget(reply)
        self.model.timeline = [
            (0 if owner == reply else owner, alive) for owner, alive in self.model.timeline
        ]
        self.model.texts.pop(reply, None)
        self.model.ended.discard(reply)
        self.least.pop(reply, None)

    @invariant()
    def the_position_never_goes_back_nor_past_what_was_sent(self) -> None:
        position = self.ledger.position(self.now)
        assert self.position <= position <= len(self.model.timeline) == self.ledger.sent_samples
        assert position >= self.confirmed
        self.position = position
        assert self.ledger.outstanding(self.now) == (len(self.model.timeline) - position) / RATE_HZ

    @invariant()
    def every_reply_is_heard_as_the_model_says(self) -> None:
        for reply in (1, 2, 3):
            heard = self.ledger.heard(reply, self.now)
            assert heard.samples == self.model.live(reply, self.ledger.position(self.now))
            assert heard.samples >= self.least.get(reply, 0)
            self.least[reply] = heard.samples
            tokens = self.model.texts.get(reply, [])
            assert f"{heard.text} {heard.unheard_text}".split() == tokens
            everything = heard.samples == self.model.live(reply)
            assert heard.finished == (
                reply in self.model.ended and everything and (heard.samples > 0 or not tokens)
            )
            if heard.finished:
                assert heard.unheard_text == ""


TestLedgerCall = LedgerCall.TestCase
TestLedgerCall.settings = settings(deadline=None, max_examples=80, stateful_step_count=30)
