"""Calls to be generated: who says what when, what goes wrong, what the agent does about it."""

from hypothesis import strategies as st
from tests.properties.dialog import PLANS
from tests.properties.script import Bout, Call, Utterance

from antiphon.turns.settings import PRESETS, TurnSettings
from antiphon.turns.words import ENGLISH

__all__ = ["calls"]

_LISTENING = tuple(sorted(ENGLISH.backchannels - {"oh"}))
# One spelling each, so that every word of a call can be told from every other.
_KINDS = ("words", "words", "claim", "listening", "noise", "unnoticed")


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """One call with up to five utterances."""
    count = 0

    def words(kind: str, many: int) -> tuple[str, ...]:
        nonlocal count
        if kind == "noise":
            return ()
        if kind == "listening":
            count += 1
            return (_LISTENING[count % len(_LISTENING)],)
        named = tuple(f"w{count + at}x" for at in range(many))
        count += many
        return (f"stop{count}x", *named) if kind == "claim" else named

    def bout(gap_s: float) -> Bout:
        kind = draw(st.sampled_from(_KINDS))
        said = words(kind, draw(st.integers(1, 4)))
        length_s = draw(st.sampled_from([0.2, 0.35, 0.6, 1.0, 2.5]))
        return Bout(gap_s, length_s, said, voiced=kind != "unnoticed")

    gaps = st.sampled_from([0.3, 0.5, 0.8, 1.5, 3.0, 6.0, 9.0])
    pauses = st.sampled_from([0.3, 0.4, 0.6, 0.9, 1.4])
    utterances = tuple(
        Utterance(
            after_s=draw(gaps),
            bouts=tuple(
                bout(0.0 if at == 0 else draw(pauses)) for at in range(draw(st.integers(0, 3)))
            ),
            key=draw(st.sampled_from(["", "", "", "", "1", "#"])),
        )
        for _ in range(draw(st.integers(1, 5)))
    )
    begin_s = draw(st.sampled_from([0.0, 0.0, 0.0, 2.0, 4.0]))
    return Call(
        utterances=utterances,
        dice=tuple(draw(st.lists(st.integers(0, 99), min_size=3, max_size=30))),
        plan=tuple(draw(st.lists(st.sampled_from(PLANS), min_size=1, max_size=4))),
        settings=draw(st.sampled_from(_SETTINGS)),
        word_times=draw(st.booleans()),
        lag_s=draw(st.sampled_from([0.0, 0.0, 0.1, 0.19])),
        outage=(begin_s, begin_s + draw(st.sampled_from([0.0, 1.0, 3.0]))),
    )


_SETTINGS = (
    *[TurnSettings()] * 3,
    PRESETS["ivr"],
    TurnSettings(speculate=False),
    TurnSettings(barge_in="at_once"),
    TurnSettings(barge_in="off"),
    TurnSettings(late_reply_s=0.3, lost_reply_s=3.0),
    TurnSettings(max_turn_s=2.0),
    TurnSettings(max_call_s=12.0, max_turns=2),
)
