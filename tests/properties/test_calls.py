"""What holds in every call, whoever speaks when and whatever goes wrong.

`World` itself asserts, in every call played here, that a tick moves the deadline, that nobody is
audible unnoticed, that what was discarded or stopped never comes back, and (by not raising) that
no order of events is too much for the table of transitions. ANTIPHON_NIGHTLY=20000 plays that many
calls instead of the few hundred that every run can afford, and different ones each time.
"""

import os
from collections import Counter

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from antiphon import actions as order
from antiphon.events import CallEnded, SpeechStarted, TranscriptChanged, TurnScored, Word
from antiphon.turns.table import State
from tests.properties.calls import calls
from tests.properties.world import Bout, Call, World

NIGHTLY = int(os.environ.get("ANTIPHON_NIGHTLY", "0"))
profile = settings(
    max_examples=NIGHTLY or 150,
    derandomize=not NIGHTLY,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def played(call: Call) -> World:
    """The call with a calm end: the caller falls silent, whatever was begun is finished."""
    world = World(call)
    world.start()
    world.run(lambda: world.now > world.speech_over)
    world.pass_time(30)
    return world


@profile
@given(calls())
def test_no_word_is_lost_or_counted_twice(call: Call) -> None:
    # A segment without word times cannot be cut where two turns meet.
    assume(call.word_times)
    world = played(call)
    dialog, turns = world.conversation.dialog, world.conversation.turns
    texts = [text for _, text in dialog.turns] + list(dialog.backchannels)
    if not (turns._turn and turns._turn.answered is not None):
        texts.append(turns._said())
    counted = Counter(word for text in texts for word in text.split() if word != "eh")
    assert counted == Counter(world.spoken)


@profile
@given(calls())
def test_a_replayed_call_is_the_same_call(call: Call) -> None:
    world = played(call)
    again = world.fresh()
    for now, event, actions in world.log:
        derived = again.tick(now) if event is None else again.receive(event, now)
        assert derived == actions


@profile
@given(calls())
def test_no_turn_is_answered_before_the_least_silence_was_heard(call: Call) -> None:
    world = played(call)
    audio_s = missing_s = 0.0
    voice = False
    for _, event, actions in world.log:
        voice = isinstance(event, SpeechStarted) or (
            voice and not type(event).__name__ == "SpeechStopped"
        )
        if type(event).__name__ == "AudioAdvanced":
            audio_s, missing_s = event.until_s, event.missing_s
        for action in actions:
            if isinstance(action, order.Answer) and action.why not in EXCUSED:
                heard_s = audio_s - action.end_s - missing_s
                waited_s = audio_s - action.end_s
                assert not voice
                assert heard_s >= call.settings.floor_s or waited_s >= call.settings.ceiling_s


EXCUSED = ("a late transcript", "the turn was very long")


@profile
@given(calls())
def test_a_guess_that_was_wrong_leaves_no_trace(call: Call) -> None:
    """Whatever is still being thought about is wanted by the dialog or by the guess at hand, and
    every word the dialog remembers comes from a turn that was answered or amended."""
    world, again = played(call), World(call).fresh()
    given_texts: set[tuple[int, str]] = set()
    open_requests: set[int] = set()
    for now, event, _ in world.log:
        actions = again.tick(now) if event is None else again.receive(event, now)
        for action in actions:
            match action:
                case order.Answer(turn=turn, text=text) | order.Amend(turn=turn, text=text):
                    given_texts.add((turn, text))
                case order.AskModel(request=request) | order.RunTool(request=request):
                    open_requests.add(request)
                case order.CancelModel(request=request):
                    open_requests.discard(request)
        if type(event).__name__ in ("ModelFinished", "ModelFailed", "ToolFinished", "ToolEnded"):
            open_requests.discard(event.request)
        wanted = {request for request, _ in again.dialog.requests}
        if again._guess:
            wanted |= {request for request, _ in again._guess.after.requests}
        assert open_requests <= wanted or isinstance(event, CallEnded)
        assert given_texts.issuperset(again.dialog.turns)


@profile
@given(calls(), st.sampled_from([0.3, 1.0, 2.0, 5.0]))
def test_the_agent_is_never_mute_for_good(call: Call, later_s: float) -> None:
    """After any beginning, silence is noticed, and a clear sentence is answered."""
    world = played(call)
    noticed = len(world.conversation.turns._out)
    begin = world.now
    world.run(
        lambda: any(
            at > begin - 30 and isinstance(action, order.NoticeSilence | order.CallTime)
            for at, action in world.orders
        )
        or world.now > begin + 60
    )
    assert world.ended or any(
        at > world.speech_over and isinstance(action, order.NoticeSilence | order.CallTime)
        for at, action in world.orders
    )
    assert not noticed
    if world.ended:
        return
    world.pass_time(later_s)
    start, end = world.now, world.now + 1.5
    words = "please tell me something clear.".split()
    world.say(Bout(0.0, 1.5, (), voiced=True), start)
    sentence = TranscriptChanged(
        segment=999,
        text=" ".join(words),
        start_s=start,
        end_s=end,
        final=True,
        words=tuple(
            Word(text=word, start_s=start + at * 0.3, end_s=start + at * 0.3 + 0.3)
            for at, word in enumerate(words)
        ),
    )
    world.at(end + 0.3, lambda: world.receive(sentence))
    world.at(end + 0.3, lambda: world.receive(TurnScored(until_s=end + 0.12, score=0.95)))
    limits = call.settings
    patience_s = max(limits.ceiling_s, 4.0) + limits.transcript_grace_s + 0.3 + call.lag_s
    world.pass_time(1.5 + patience_s)
    answered = [
        at
        for at, action in world.orders
        if isinstance(action, order.Answer) and "something clear." in action.text
    ]
    assert answered or world.ended or world.conversation.state is State.PROTECTED
