import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from pydantic import ValidationError

from antiphon.errors import InternalError
from antiphon.observe.recording import Recorder
from antiphon.testing.clock import VirtualClock
from antiphon.transports.file.audiofile import read_audio
from antiphon.transports.file.caller import FileCaller
from antiphon.transports.file.settings import LineSettings
from antiphon.transports.file.transport import HUNG_UP, FileTransport

RATE_HZ = 8_000
FRAME = 160


@dataclass
class Sides:
    """Remembers both sides as a recorder is told them."""

    said: dict[int, bytes] = field(default_factory=dict)
    heard: dict[int, bytes] = field(default_factory=dict)

    def caller(self, pcm: bytes, at_sample: int) -> None:
        self.said[at_sample] = pcm

    def agent(self, pcm: bytes, at_sample: int) -> None:
        self.heard[at_sample] = pcm

    def side(self, parts: dict[int, bytes]) -> np.ndarray:
        assert list(parts) == [n * FRAME for n in range(len(parts))], "no hole, no overlap"
        return np.frombuffer(b"".join(parts.values()), "<i2")


@dataclass
class FakeLine:
    """Remembers what it is told and when."""

    clock: VirtualClock
    told: list[tuple[float, str, object]] = field(default_factory=list)
    on_heard: Callable[[bytes], None] = lambda pcm: None

    def heard(self, pcm: bytes) -> None:
        self.told.append((self.clock.now(), "heard", pcm))
        self.on_heard(pcm)

    def played(self, samples: int) -> None:
        self.told.append((self.clock.now(), "played", samples))

    def flushed(self, samples: int) -> None:
        self.told.append((self.clock.now(), "flushed", samples))

    def pressed(self, digit: str) -> None:
        raise AssertionError

    def warned(self, what: str) -> None:
        raise AssertionError

    def named(self, name: str) -> list[tuple[float, object]]:
        return [(at_s, what) for at_s, told, what in self.told if told == name]


@dataclass
class Talk:
    """One call on a virtual clock: ``pcm`` is said, then ``plan`` is done at its times."""

    line: FakeLine
    sides: Sides
    ended: str
    lasted_s: float


def call(
    pcm: bytes,
    plan: list[tuple[float, Callable[[FileTransport], None]]] | None = None,
    tail_s: float = 1.0,
    on_heard: Callable[[FileTransport, bytes], None] | None = None,
    **settings: object,
) -> Talk:
    async def main(clock: VirtualClock) -> Talk:
        sides, line = Sides(), FakeLine(clock)
        transport = FileTransport(
            FileCaller(pcm, RATE_HZ, tail_s=tail_s, quiet_s=0.1),
            clock,
            settings=LineSettings.model_validate(settings),
            recorder=sides,
        )
        if on_heard:
            line.on_heard = lambda pcm: on_heard(transport, pcm)

        async def act() -> None:
            for at_s, do in plan or []:
                await clock.sleep_until(at_s)
                do(transport)

        async with asyncio.TaskGroup() as group:
            group.create_task(act())
            ended = await transport.run(line)
        return Talk(line, sides, ended, clock.now())

    return VirtualClock().run(main)


def level(samples: int, amplitude: int = 1000) -> bytes:
    return np.full(samples, amplitude, "<i2").tobytes()


def onset(samples: np.ndarray) -> int:
    return int(np.flatnonzero(samples)[0])


def test_the_recording_is_heard_frame_by_frame_at_its_own_pace() -> None:
    pcm = np.arange(1, 1601, dtype="<i2").tobytes()
    talk = call(pcm)
    heard = talk.line.named("heard")
    assert [at_s for at_s, _ in heard] == pytest.approx([n * 0.02 for n in range(1, 61)])
    assert b"".join(frame for _, frame in heard).startswith(pcm)  # type: ignore[misc]
    assert {len(frame) for _, frame in heard} == {2 * FRAME}  # type: ignore[arg-type]
    assert talk.ended == HUNG_UP
    assert talk.lasted_s == pytest.approx(1.22)


def test_both_sides_are_recorded_on_the_callers_clock() -> None:
    """An agent who answers at once is heard one frame later: the time a frame takes to be said."""
    said = bytes(2 * 1600) + level(800) + bytes(2 * 1600)
    answered: list[bytes] = []

    def answer(transport: FileTransport, pcm: bytes) -> None:
        if any(pcm) and not answered:
            answered.append(pcm)
            transport.play(level(FRAME, 500))

    talk = call(said, on_heard=answer)
    caller, agent = talk.sides.side(talk.sides.said), talk.sides.side(talk.sides.heard)
    assert len(caller) == len(agent)
    assert onset(caller) == 1600
    assert onset(agent) == 1600 + FRAME


def test_agent_audio_is_heard_from_the_moment_it_is_sent_to_the_sample() -> None:
    talk = call(level(1600), [(0.107, lambda t: t.play(level(240)))])
    agent = talk.sides.side(talk.sides.heard)
    assert onset(agent) == round(0.107 * RATE_HZ)
    assert np.count_nonzero(agent) == 240


def test_a_delay_each_way_is_in_the_recording_and_in_what_arrives() -> None:
    talk = call(level(1600), [(0.1, lambda t: t.play(level(400)))], downlink_s=0.08, uplink_s=0.05)
    assert onset(talk.sides.side(talk.sides.heard)) == round(0.18 * RATE_HZ)
    assert talk.line.named("heard")[0][0] == pytest.approx(0.07)
    # The last sample is heard at 0.23, inside the frame that ends at 0.24.
    assert talk.line.named("played")[-1] == (pytest.approx(0.29), 400)


def test_played_is_reported_as_it_is_heard() -> None:
    talk = call(level(1600), [(0.0, lambda t: t.play(level(480)))])
    assert talk.line.named("played") == [
        (pytest.approx(0.02), 160),
        (pytest.approx(0.04), 320),
        (pytest.approx(0.06), 480),
    ]


def test_a_flush_silences_the_line_and_says_where() -> None:
    talk = call(
        level(1600),
        [
            (0.0, lambda t: t.play(level(1600))),
            (0.05, lambda t: t.flush()),
            (0.06, lambda t: t.play(level(80))),
        ],
    )
    agent = talk.sides.side(talk.sides.heard)
    assert np.flatnonzero(agent).tolist() == [*range(400), *range(480, 560)]
    assert talk.line.named("flushed") == [(pytest.approx(0.06), 400)]
    assert talk.line.named("played")[-1][1] == 1680, "the count goes on from what was sent"


def test_a_flush_takes_as_long_as_the_line() -> None:
    talk = call(
        level(1600),
        [(0.0, lambda t: t.play(level(1600))), (0.05, lambda t: t.flush())],
        downlink_s=0.04,
        uplink_s=0.03,
    )
    assert np.count_nonzero(talk.sides.side(talk.sides.heard)) == 400
    assert talk.line.named("flushed") == [(pytest.approx(0.13), 400)]


def test_a_line_without_flush_plays_what_was_sent_and_confirms_nothing() -> None:
    talk = call(
        level(1600),
        [
            (0.0, lambda t: t.play(level(480))),
            (0.01, lambda t: t.flush()),
            (0.01, lambda t: t.gain(-20, 0.01)),
        ],
        ducking="lead",
    )
    agent = talk.sides.side(talk.sides.heard)
    assert np.count_nonzero(agent == 1000) == 480
    assert [what for _, what in talk.line.named("flushed")] == [480]
    assert talk.line.named("played") == []


def test_a_browser_lowers_its_voice_when_told_and_a_telephone_does_not() -> None:
    plan = [(0.0, lambda t: t.play(level(1600))), (0.1, lambda t: t.gain(-20, 0.01))]
    browser = call(level(1600), plan, ducking="remote_gain")
    agent = browser.sides.side(browser.sides.heard)
    assert set(agent[:800]) == {1000}
    assert set(agent[880:1600]) == {100}
    phone = call(level(1600), plan, ducking="flush")
    assert set(phone.sides.side(phone.sides.heard)[:1600]) == {1000}


def test_what_is_sent_before_the_call_begins_is_there_when_it_begins() -> None:
    async def main(clock: VirtualClock) -> Sides:
        sides = Sides()
        transport = FileTransport(FileCaller(level(800), RATE_HZ), clock, recorder=sides)
        transport.play(level(100))
        await clock.sleep(3)
        await transport.run(FakeLine(clock))
        return sides

    sides = VirtualClock().run(main)
    assert np.flatnonzero(sides.side(sides.heard)).tolist() == list(range(100))


def test_lost_frames_are_heard_as_silence_on_both_sides_and_shift_nothing() -> None:
    talk = call(
        level(16_000), [(0.0, lambda t: t.play(level(8_000)))], loss=0.2, seed=5, tail_s=0.0
    )
    arrived = np.frombuffer(
        b"".join(frame for _, frame in talk.line.named("heard")),
        "<i2",  # type: ignore[misc]
    )
    agent = talk.sides.side(talk.sides.heard)
    assert 0.7 < np.count_nonzero(arrived[:16_000]) / 16_000 < 0.9
    assert 0.7 < np.count_nonzero(agent[:8_000]) / 8_000 < 0.9
    assert np.count_nonzero(talk.sides.side(talk.sides.said)[:16_000]) == 16_000, "as it was said"
    assert talk.line.named("played")[-1][1] == 8_000


def test_an_outage_delivers_nothing_at_all() -> None:
    talk = call(level(8_000), outages_s=((0.2, 0.5),))
    times = [at_s for at_s, _ in talk.line.named("heard")]
    assert max(b - a for a, b in itertools.pairwise(times)) == pytest.approx(0.32)
    assert len(times) == 100 - 15


def test_jitter_makes_audio_late_but_keeps_its_order() -> None:
    pcm = np.arange(1, 8001, dtype="<i2").tobytes()
    talk = call(pcm, jitter_s=0.1, seed=2)
    arrived = np.frombuffer(
        b"".join(frame for _, frame in talk.line.named("heard")),
        "<i2",  # type: ignore[misc]
    )
    assert arrived[:8000].tolist() == list(range(1, 8001))


class StallingClock:
    """A clock whose owner is kept busy once: time has jumped when it looks again."""

    def __init__(self, clock: VirtualClock, at_s: float, for_s: float) -> None:
        self._clock, self._at_s, self._for_s = clock, at_s, for_s

    def now(self) -> float:
        return self._clock.now()

    async def sleep_until(self, when_s: float) -> None:
        if when_s >= self._at_s:
            self._at_s, stalled_s = float("inf"), self._for_s
            await self._clock.sleep_until(when_s + stalled_s)
        else:
            await self._clock.sleep_until(when_s)


def test_after_a_stall_the_missed_frames_come_a_few_at_a_time_and_nothing_drifts() -> None:
    async def main(clock: VirtualClock) -> tuple[FakeLine, Sides]:
        line, sides = FakeLine(clock), Sides()
        caller = FileCaller(np.arange(1, 16_001, dtype="<i2").tobytes(), RATE_HZ, tail_s=0.0)
        slow = StallingClock(clock, at_s=0.5, for_s=0.4)
        await FileTransport(caller, slow, recorder=sides).run(line)
        return line, sides

    line, sides = VirtualClock().run(main)
    times = [at_s for at_s, _ in line.named("heard")]
    assert len(times) == 100
    helpings = [times.count(at_s) for at_s in sorted(set(times))]
    assert max(helpings) == 3
    after = [at_s for at_s in times if at_s > 1.1]
    assert after == pytest.approx([round(at_s / 0.02) * 0.02 for at_s in after])
    assert sides.side(sides.said).tolist() == list(range(1, 16_001))


def test_a_transport_is_for_one_call() -> None:
    async def main(clock: VirtualClock) -> None:
        transport = FileTransport(FileCaller(level(160), RATE_HZ, tail_s=0.0), clock)
        await transport.run(FakeLine(clock))
        transport.tell({"caption": "nobody sees it"})
        await transport.aclose("done")
        with pytest.raises(InternalError):
            await transport.run(FakeLine(clock))

    VirtualClock().run(main)


def test_the_facts_follow_the_kind_of_line() -> None:
    flush = LineSettings(downlink_s=0.1).facts(8_000)
    assert (flush.ducking, flush.lead_s, flush.confirms, flush.delay_s) == ("flush", 0.2, True, 0.1)
    lead = LineSettings(ducking="lead").facts(8_000)
    assert (lead.lead_s, lead.confirms) == (0.06, False)
    assert LineSettings(ducking="lead", lead_s=0.04).facts(8_000).lead_s == 0.04
    with pytest.raises(ValidationError):
        LineSettings.model_validate({"loss": 2})
    with pytest.raises(ValidationError):
        LineSettings.model_validate({"latency": 2})


def test_the_recorder_of_the_project_takes_it_and_left_is_the_caller(tmp_path) -> None:  # type: ignore[no-untyped-def]
    async def main(clock: VirtualClock) -> None:
        recorder = Recorder(tmp_path / "call.wav", RATE_HZ, warn=pytest.fail)
        transport = FileTransport(
            FileCaller(level(800), RATE_HZ, tail_s=0.0, quiet_s=0.0), clock, recorder=recorder
        )
        transport.play(level(400, 3000))
        await transport.run(FakeLine(clock))
        recorder.close()

    VirtualClock().run(main)
    mixed = np.frombuffer(read_audio(tmp_path / "call.wav").pcm, "<i2")
    assert mixed.tolist() == [2000] * 400 + [500] * 400
