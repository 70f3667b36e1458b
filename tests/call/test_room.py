"""Whole calls with a room's sound behind the agent."""

from dataclasses import replace

import numpy as np
import pytest
from tests.call.conftest import RATE_HZ, Exchange, Held, Holding, Sides
from tests.call.tones import read

from antiphon.call.tape import Tape
from antiphon.mouth.ambient import Ambience, room_tone
from antiphon.transports.file.settings import LineSettings

ROOM = Ambience(*room_tone(), -70.0)
"""As quiet as it may be: the tones that these calls are made of are read from 80 on."""
SCRIPT = """steps:
  - wait: agent_done
  - say: What is the price?
  - say: Mhm.
    role: backchannel
    while: agent_speaking
    after_s: 1.0
  - say: Stop, where can I park?
    role: interruption
    while: agent_speaking
    after_s: 3.0
  - silence: 2.7
"""
KINDS = pytest.mark.parametrize("ducking", ["flush", "lead", "remote_gain"])


@pytest.fixture
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every agent has it."""
    bare = Exchange.equipment
    monkeypatch.setattr(
        Exchange,
        "equipment",
        property(lambda self: replace(bare.__get__(self), ambience=ROOM)),
    )


def held(hold: Holding, ducking: str, recorder: Sides | None = None) -> Held:
    async def main(exchange: Exchange) -> Held:
        return await exchange.call(SCRIPT, recorder=recorder)

    line = LineSettings.model_validate({"ducking": ducking})
    found: Held = hold.exchange(main, line=line)
    return found


@KINDS
def test_the_conversation_is_the_one_that_is_held_without(
    hold: Holding, ducking: str, request: pytest.FixtureRequest
) -> None:
    plain = held(hold, ducking)
    request.getfixturevalue("roomy")
    call = held(hold, ducking)
    assert call.ended == plain.ended
    assert call.turns == plain.turns
    assert call.ordered("Restore")
    assert call.ordered("StopSpeaking")
    assert call.replayed().difference is None
    ends = ("ReplyFinished", "ReplyStopped")
    assert [type(end) for end in call.told(*ends)] == [type(end) for end in plain.told(*ends)]
    finished = [end.heard for end in call.told("ReplyFinished")]
    assert finished == [end.heard for end in plain.told("ReplyFinished")]
    # What is told of a reply that was stopped is what the caller's ear had of it.
    assert all(end.heard.strip() in call.heard for end in call.told("ReplyStopped"))
    agent = call.sides.side(1)[RATE_HZ // 2 :]
    dead = np.diff(np.flatnonzero(np.concatenate([[1], agent, [1]])))
    # Where a flush was under way, nothing was: the line answers it within a frame or two.
    assert dead.max() < 0.1 * RATE_HZ


@KINDS
def test_the_recording_is_what_the_caller_heard(hold: Holding, ducking: str, roomy: None) -> None:
    tape = Sides()
    call = held(hold, ducking, tape)
    truth, ours = (read(sides.side(1), RATE_HZ, call.words) for sides in (call.sides, tape))
    assert [tone.text for tone in ours] == [tone.text for tone in truth]
    assert max(abs(a.start_s - b.start_s) for a, b in zip(ours, truth, strict=True)) < 0.025


def test_a_voice_is_laid_where_it_is_heard_though_the_room_began_elsewhere() -> None:
    sides = Sides()
    tape = Tape(sides, rate_hz=8000, delay_s=0.0)

    def frame(number: int, until_s: float, *, voice: bool) -> None:
        pcm = np.full(160, 2 if voice else 1, np.int16).tobytes()
        waits_s = 0.0 if number == 0 else 0.01
        tape.agent(pcm, 160 * number, until_s, waits_s, voice=voice)

    # The caller's microphone opened 0.3 s after the room was first heard.
    for number in range(100):
        frame(number, max(0.0, number * 0.02 - 0.3), voice=False)
    for number in range(100, 110):
        frame(number, number * 0.02 - 0.3, voice=True)
    for number in range(110, 120):
        frame(number, number * 0.02 - 0.3, voice=False)
    # A second voice never covers the first.
    frame(120, 1.6, voice=True)
    side = sides.side(1)
    said = np.flatnonzero(side == 2)
    assert said[0] / 8000 == pytest.approx(1.71)
    assert np.array_equal(said[:1600], said[0] + np.arange(1600))
    assert said[1600] >= said[1599] + 1


def test_nothing_rides_the_wheel_after_the_call(hold: Holding, roomy: None) -> None:
    async def main(exchange: Exchange) -> int:
        await exchange.call(SCRIPT)
        await exchange.clock.sleep(1)
        return sum(len(bucket) for bucket in exchange.plane._buckets)

    assert hold.exchange(main) == 0
