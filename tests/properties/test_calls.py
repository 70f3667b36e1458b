"""What holds in every call, whoever speaks when and whatever goes wrong.

`World` itself asserts, in every call played here, that a tick moves the deadline, that nobody is
audible unnoticed, that what was discarded or is over never comes back, and (by not raising) that
no order of events is too much for the table of transitions. ANTIPHON_NIGHTLY=20000 plays that many
calls of each kind instead of the few that every run can afford, and different ones each time.
"""

import os
from collections import Counter

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.properties.calls import calls
from tests.properties.script import Bout, Call
from tests.properties.world import World

from antiphon import actions as order
from antiphon.events import (
    AudioAdvanced,
    CallEnded,
    ModelFailed,
    ModelFinished,
    ReplyStarted,
    SpeechStarted,
    SpeechStopped,
    ToolEnded,
    ToolFinished,
    TranscriptChanged,
    TurnScored,
    Word,
)
from antiphon.turns.table import State

NIGHTLY = int(os.environ.get("ANTIPHON_NIGHTLY", "0"))
profile = settings(
    max_examples=NIGHTLY or 300,
    derandomize=not NIGHTLY,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
# Where a turn is answered for another reason than that the pause was long enough.
NO_PAUSE = ("a late transcript", "the turn was very long")


def played(call: Call) -> World:
    """The call with a calm end: the caller falls silent, whatever was begun is finished."""
    world = World(call)
    world.start()
    world.run(lambda: world.time.now > world.caller.over)
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
    floor = turns._floor
    if floor.turn is None or floor.turn.answered is None:
        texts.append(floor.transcript.said())
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
    audio, voice = AudioAdvanced(until_s=0.0), False
    for _, event, actions in played(call).log:
        if isinstance(event, SpeechStarted | SpeechStopped):
            voice = isinstance(event, SpeechStarted)
        elif isinstance(event, AudioAdvanced):
            audio = event
        for answer in actions:
            if isinstance(answer, order.Answer) and answer.why not in NO_PAUSE:
                pause_s = audio.until_s - answer.end_s
                heard_s = pause_s - audio.missing_s
                assert not voice
                assert heard_s >= call.settings.floor_s or pause_s >= call.settings.ceiling_s


@profile
@given(calls())
def test_after_a_stop_and_before_a_release_nothing_is_audible(call: Call) -> None:
    """A reply that the machine takes for audible was offered, or released, since it last ordered
    silence, and is not held."""
    world = played(call)
    again = world.fresh()
    known: set[int] = set()
    live: set[int] = set()
    for now, event, actions in world.log:
        _ = again.tick(now) if event is None else again.receive(event, now)
        for action in actions:
            match action:
                case order.StopSpeaking():
                    live.clear()
                case order.Speak(reply=reply, held=held):
                    if reply not in known and not held:
                        live.add(reply)
                    known.add(reply)
                case order.ReleaseReply(reply=reply):
                    live.add(reply)
                case order.HoldReply(reply=reply) | order.DiscardReply(reply=reply):
                    live.discard(reply)
                case _:
                    pass
        if isinstance(event, ReplyStarted) and again.turns._floor.replies.audible == event.reply:
            assert event.reply in live


@profile
@given(calls())
def test_a_guess_that_was_wrong_leaves_no_trace(call: Call) -> None:
    """Whatever is still being thought about is wanted by the dialog or by the guess at hand, and
    all the dialog remembers is turns that were answered or amended."""
    world = played(call)
    again = world.fresh()
    given_texts: set[tuple[int, str]] = set()
    thinking: set[int] = set()
    for now, event, actions in world.log:
        _ = again.tick(now) if event is None else again.receive(event, now)
        for action in actions:
            match action:
                case order.Answer(turn=turn, text=text) | order.Amend(turn=turn, text=text):
                    given_texts.add((turn, text))
                case order.AskModel(request=request) | order.RunTool(request=request):
                    thinking.add(request)
                case order.CancelModel(request=request):
                    thinking.discard(request)
                case _:
                    pass
        if isinstance(event, ModelFinished | ModelFailed | ToolFinished | ToolEnded):
            thinking.discard(event.request)
        wanted = {request for request, _ in again.dialog.requests}
        if again._guess:
            wanted |= {request for request, _ in again._guess.after.requests}
        assert thinking <= wanted or isinstance(event, CallEnded)
        assert given_texts.issuperset(again.dialog.turns)


@profile
@given(calls(), st.sampled_from([0.3, 1.0, 2.0, 5.0]))
def test_the_agent_is_never_mute_for_good(call: Call, later_s: float) -> None:
    """After any beginning silence is noticed, and a clear sentence is answered."""
    world = played(call)
    if not world.ended:
        noticed = (order.NoticeSilence, order.CallTime)
        after = world.caller.over
        world.run(lambda: world.time.now > after + 60)
        assert world.ended or any(
            at > after and isinstance(action, noticed) for at, action in world.orders()
        )
    world.pass_time(later_s)
    start = world.time.now
    speak_clearly(world, start)
    limits = call.settings
    # Four digits may be expected, which has a ceiling of its own.
    world.pass_time(1.8 + max(limits.ceiling_s, 4.0) + limits.transcript_grace_s + call.lag_s)
    answered = [
        action
        for at, action in world.orders()
        if at > start and isinstance(action, order.Answer) and CLEAR in action.text
    ]
    assert answered or world.ended or world.conversation.state is State.PROTECTED


CLEAR = "please tell me something clear."


def speak_clearly(world: World, start: float) -> None:
    """A sentence of a second and a half, noticed, read and scored as well as can be."""
    world.caller.say(Bout(0.0, 1.5), start)
    words = tuple(
        Word(text=word, start_s=start + at * 0.3, end_s=start + at * 0.3 + 0.3)
        for at, word in enumerate(CLEAR.split())
    )
    end = start + 1.5
    sentence = TranscriptChanged(
        segment=999, text=CLEAR, start_s=start, end_s=end, final=True, words=words
    )
    world.time.at(end + 0.3, lambda: world.receive(sentence))
    world.time.at(end + 0.3, lambda: world.receive(TurnScored(until_s=end + 0.12, score=0.95)))
