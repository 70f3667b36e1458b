"""A call under way, on a pretended network in pretended time."""

import asyncio
import logging
from itertools import pairwise

import pytest
from pydantic import ValidationError

from antiphon.audio import g711
from antiphon.errors import RemoteProtocolError, TimedOut, Unavailable
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.settings import WebSocketSettings
from antiphon.transports.websocket.socket import Gone
from antiphon.transports.websocket.transport import TRANSFER_S

FRAME = bytes(range(256)) * 2 + b"\0\1" * 64  # 20 ms at 16 kHz


def test_caller_audio_reaches_the_line_unchanged(play) -> None:
    async def main(scene):
        scene.socket.push(FRAME, FRAME[:10], wire.Bye())
        await scene.run()
        return scene.line.pcm

    assert play(main) == FRAME + FRAME[:10]


def test_mulaw_is_decoded_and_encoded_at_the_edge(play) -> None:
    payload = bytes(range(256))
    pcm = g711.decode_mulaw(payload)

    async def main(scene):
        scene.transport.play(pcm)
        async with asyncio.TaskGroup() as group:
            group.create_task(scene.run())
            await scene.settle()
            scene.socket.push(payload, wire.Bye())
        assert scene.line.pcm == pcm
        return scene.socket.audio("mulaw")

    (audio,) = play(main, rate_hz=8000, encoding="mulaw")
    assert g711.decode_mulaw(audio.payload) == pcm


def test_agent_audio_is_numbered_by_the_sample_across_a_flush(play) -> None:
    async def main(scene):
        async with asyncio.TaskGroup() as group:
            group.create_task(scene.run())
            scene.transport.play(b"\1\0" * 4000)
            await scene.settle()
            scene.transport.play(b"\2\0" * 1000)
            scene.transport.flush()  # nothing of the last was sent yet
            scene.transport.play(b"\3\0" * 500)
            await scene.settle()
            scene.socket.push(wire.Flushed(100), wire.Bye())
        return scene

    scene = play(main)
    audio = scene.socket.audio()
    assert [(a.start, len(a.payload) // 2, a.payload[0]) for a in audio] == [
        (0, 1600, 1),
        (1600, 1600, 1),
        (3200, 800, 1),
        (5000, 500, 3),
    ]
    kinds = [item for item in scene.socket.sent if not isinstance(item, bytes)]
    assert wire.Flush() in map(wire.decode_server, kinds)
    assert scene.line.facts == [("flushed", 100)]


def test_reports_keys_and_pings_are_passed_on(play) -> None:
    async def main(scene):
        async with asyncio.TaskGroup() as group:
            group.create_task(scene.run())
            scene.transport.play(FRAME)
            await scene.settle()
            scene.socket.push(wire.Played(160), wire.Digit("#"), wire.Ping(7), wire.Pong(1))
            await scene.settle()
            scene.socket.push(wire.Bye())
        return scene

    scene = play(main)
    assert scene.line.facts == [("played", 160), ("pressed", "#")]
    assert wire.Pong(7) in scene.socket.said()


def test_a_report_beyond_what_was_sent_is_not_believed(play) -> None:
    async def main(scene):
        scene.transport.play(FRAME)
        scene.socket.push(wire.Played(9999), wire.Played(10000), wire.Flushed(9999), wire.Bye())
        await scene.run()
        return scene.line.facts

    facts = play(main)
    assert [value for name, value in facts if name != "warned"] == [320, 320, 320]
    assert len([name for name, _ in facts if name == "warned"]) == 1


def test_gain_and_notices_are_shown_in_order(play) -> None:
    async def main(scene):
        scene.transport.gain(-18.0, 0.06)
        scene.transport.tell({"type": "state", "state": "ducked"})
        scene.transport.gain(0.0, 0.1)
        scene.socket.push(wire.Bye())
        await scene.run()
        await scene.transport.aclose("over")
        return scene.socket.said()[1:-1]

    assert play(main) == [wire.Gain(-18.0, 0.06), wire.State("ducked"), wire.Gain(0.0, 0.1)]


def test_a_notice_that_is_none_is_logged_and_the_call_goes_on(play, caplog) -> None:
    async def main(scene):
        scene.transport.tell({"type": "state", "state": "asleep"})
        scene.socket.push(FRAME, wire.Bye())
        await scene.run()
        return scene.line.pcm

    with caplog.at_level(logging.ERROR):
        assert play(main) == FRAME
    assert "call c1: not shown to the caller: notice 'state'" in caplog.text


@pytest.mark.parametrize(
    "pushed, code, close",
    [
        (b"\0" * 3, "bad_audio", 1007),
        (b"\0" * 65538, "too_big", 1009),
        ("x" * 65537, "too_big", 1009),
        ("\x00\xff garbage", "bad_message", 1007),
        ('{"type":"played","samples":-1}', "bad_message", 1007),
        (wire.Hello(version=1, rate_hz=8000), "bad_message", 1007),
    ],
)
def test_a_broken_message_ends_the_call_with_its_code(play, pushed, code, close) -> None:
    async def main(scene):
        scene.socket.push(FRAME, pushed, FRAME)
        with pytest.raises(RemoteProtocolError) as broken:
            await scene.run()
        assert broken.value.code == code
        await scene.transport.aclose("over")  # says nothing more
        return scene

    scene = play(main)
    assert scene.line.pcm == FRAME
    last = scene.socket.said()[-1]
    assert isinstance(last, wire.Error)
    assert last.code == code
    assert scene.socket.closed == (close, code)


def test_a_flood_of_audio_is_cut_off_and_a_burst_is_not(play) -> None:
    second = b"\0" * 32000

    async def main(scene):
        async with asyncio.TaskGroup() as group:
            running = group.create_task(_error_of(scene.run()))
            scene.socket.push(*[second] * 5)  # a stall of 5 s, caught up
            for _ in range(20):
                await scene.clock.sleep(1.0)
                scene.socket.push(*[second] * 3)
            assert not running.done()
            scene.socket.push(*[second] * 9)
        return running.result()

    error = play(main)
    assert isinstance(error, RemoteProtocolError)
    assert error.code == "flooding"


@pytest.mark.parametrize("frame", [b"", b"\0\0"])
def test_a_flood_of_the_smallest_frames_is_cut_off(play, frame) -> None:
    async def main(scene):
        scene.socket.push(*[frame] * 3000)
        with pytest.raises(RemoteProtocolError) as cut:
            await scene.run()
        return cut.value.code, len(scene.line.pcm)

    assert play(main) == ("flooding", 2500 * len(frame))


def test_the_small_blocks_of_a_browser_may_come_for_ever(play) -> None:
    block = bytes(2 * 128)

    async def main(scene):
        async with asyncio.TaskGroup() as group:
            running = group.create_task(scene.run())
            for _ in range(60):
                scene.socket.push(*[block] * 375)  # a second of 48 kHz
                await scene.clock.sleep(1.0)
            scene.socket.push(wire.Bye())
        return running.result(), len(scene.line.pcm)

    assert play(main) == ("caller hung up", 60 * 375 * len(block))


def test_one_peer_with_much_to_say_does_not_hold_up_the_others(play) -> None:
    async def main(scene):
        scene.socket.push(*[FRAME] * 200, wire.Bye())
        turns = []

        async def other() -> None:
            while not running.done():
                turns.append(len(scene.line.pcm) // len(FRAME))
                await scene.clock.sleep_until(scene.clock.now())

        async with asyncio.TaskGroup() as group:
            running = group.create_task(scene.run())
            group.create_task(other())
        return turns

    turns = play(main)
    assert max(late - early for early, late in pairwise(turns)) <= 16


def test_a_flood_of_messages_is_cut_off(play) -> None:
    async def main(scene):
        scene.socket.push(*[wire.Played(0)] * 300)
        with pytest.raises(RemoteProtocolError) as cut:
            await scene.run()
        return cut.value.code, len(scene.line.facts)

    assert play(main) == ("flooding", 250)


@pytest.mark.parametrize("code", [1000, 1001])
def test_a_peer_that_closes_properly_has_left(play, code) -> None:
    async def main(scene):
        scene.socket.push(Gone(code))
        return await scene.run()

    assert play(main).startswith("caller")


def test_a_lost_connection_is_reported_at_once(play) -> None:
    async def main(scene):
        scene.socket.push(FRAME, Gone(1006))
        with pytest.raises(Unavailable, match="lost"):
            await scene.run()
        return scene.clock.now()

    assert play(main) < 0.1


def test_a_peer_that_vanished_without_a_word_is_given_up(play) -> None:
    async def main(scene):
        scene.socket.push(FRAME)
        with pytest.raises(Unavailable, match="nothing came from the caller for 8 s"):
            await scene.run()
        return scene.clock.now(), scene.socket.said()[-1].code

    when, code = play(main)
    assert 8.0 <= when <= 10.0
    assert code == "too_slow"


def test_a_peer_that_answers_pings_is_there_however_silent(play) -> None:
    async def main(scene):
        async with asyncio.TaskGroup() as group:
            running = group.create_task(scene.run())
            for number in range(30):
                await scene.clock.sleep(1.0)
                scene.socket.push(wire.Pong(number))
            assert not running.done()
            scene.socket.push(wire.Bye())
        return running.result(), sum('"ping"' in item for item in scene.socket.sent)

    assert play(main) == ("caller hung up", 15)


def test_a_slow_peer_loses_the_oldest_audio_and_no_message(play) -> None:
    async def main(scene):
        async with asyncio.TaskGroup() as group:
            running = group.create_task(scene.run())
            await scene.settle()
            scene.socket.taking.clear()
            for number in range(50):  # five seconds into a queue of two
                scene.transport.play(bytes([number, 0]) * 1600)
                scene.transport.gain(-number, 0.0)
                scene.socket.push(FRAME)
                await scene.clock.sleep(0.1)
            scene.socket.taking.set()
            await scene.settle(2.0)
            scene.socket.push(wire.Bye())
        return running.result(), scene

    reason, scene = play(main)
    assert reason == "caller hung up"
    audio = scene.socket.audio()
    # The frame in hand when the peer stalled, then the newest two seconds.
    assert [a.start // 1600 for a in audio] == [0, *range(30, 50)]
    assert [a.payload[0] for a in audio] == [0, *range(30, 50)]
    gains = [m.decibels for m in scene.socket.said() if isinstance(m, wire.Gain)]
    assert gains == [-number for number in range(50)]
    dropped = [what for name, what in scene.line.facts if name == "warned"]
    assert sum(int(what.split()[0]) for what in dropped) == 29 * 1600


def test_a_peer_that_sends_but_never_reads_is_given_up(play) -> None:
    async def main(scene):
        async with asyncio.TaskGroup() as group:
            running = group.create_task(_error_of(scene.run()))
            await scene.settle()
            scene.socket.taking.clear()
            scene.transport.play(FRAME)
            while not running.done():
                scene.socket.push(FRAME)
                await scene.clock.sleep(0.5)
        await scene.transport.aclose("over")
        return running.result(), scene.clock.now()

    error, when = play(main)
    assert isinstance(error, Unavailable)
    assert "took nothing for 8 s" in str(error)
    assert when < 14.0


def test_more_messages_than_anyone_would_let_pile_up_end_the_call(play) -> None:
    async def main(scene):
        scene.socket.taking.clear()
        for number in range(1100):
            scene.transport.tell(
                {"type": "transcript", "segment": 0, "text": str(number), "final": False}
            )
        with pytest.raises(Unavailable, match="reads too slowly"):
            await scene.run()

    play(main)


def test_goodbye_keeps_what_was_still_to_be_said_and_takes_two_seconds_at_most(play) -> None:
    async def main(scene):
        async with asyncio.TaskGroup() as group:
            running = group.create_task(scene.run())
            await scene.settle()
            scene.transport.play(FRAME)
            scene.transport.tell({"type": "stopped", "reply": 1, "heard": "Hel"})
            running.cancel()
        await scene.transport.aclose("done")
        await scene.transport.aclose("twice")
        said = scene.socket.said()
        assert said[-2:] == [wire.Stopped(1, "Hel"), wire.Ended("done")]
        assert scene.socket.closed == (1000, "ended")

    play(main)

    async def stuck(scene):
        scene.socket.taking.clear()
        scene.transport.play(FRAME)
        before = scene.clock.now()
        await scene.transport.aclose("done")
        return scene.clock.now() - before

    assert play(stuck) <= 2.0


def test_a_cancelled_send_is_not_lost(play) -> None:
    async def main(scene):
        async with asyncio.TaskGroup() as group:
            running = group.create_task(scene.run())
            await scene.settle()
            scene.socket.taking.clear()
            scene.transport.tell({"type": "stopped", "reply": 1, "heard": "Hel"})
            await scene.settle()
            running.cancel()
        scene.socket.taking.set()
        await scene.transport.aclose("done")
        return scene.socket.said()[-2:]

    assert play(main) == [wire.Stopped(1, "Hel"), wire.Ended("done")]


def test_a_broken_line_ends_the_call_with_its_own_error(play) -> None:
    class Broken(Exception):
        pass

    async def main(scene):
        def fail(_: bytes) -> None:
            raise Broken

        scene.line.heard = fail
        scene.socket.push(FRAME)
        with pytest.raises(Broken):
            await scene.run()

    play(main)


async def _error_of(running) -> Exception | None:
    try:
        await running
    except (RemoteProtocolError, Unavailable) as error:
        return error
    return None


@pytest.mark.parametrize("chunk_ms, messages", [(20, 10), (60, 4), (200, 1)])
def test_what_waits_goes_in_messages_as_long_as_is_set(play, chunk_ms: int, messages: int) -> None:
    async def main(scene):
        async with asyncio.TaskGroup() as group:
            group.create_task(scene.run())
            for number in range(10):
                scene.transport.play(bytes([number, 0]) * 160)  # 20 ms at 8 kHz, all at once
            await scene.settle()
            scene.transport.play(FRAME[:320])  # later: nothing waits for it
            await scene.settle()
            scene.socket.push(wire.Bye())
        return scene.socket.audio()

    sent = play(main, rate_hz=8000, chunk_ms=chunk_ms)
    assert len(sent) == messages + 1
    assert max(len(audio.payload) for audio in sent) == chunk_ms * 8 * 2
    assert [audio.start for audio in sent] == [
        *(n * chunk_ms * 8 for n in range(messages)),
        1600,
    ]
    joined = b"".join(audio.payload for audio in sent[:-1])
    assert joined == b"".join(bytes([number, 0]) * 160 for number in range(10))


def test_a_message_between_two_frames_keeps_its_place(play) -> None:
    async def main(scene):
        async with asyncio.TaskGroup() as group:
            group.create_task(scene.run())
            scene.transport.play(FRAME)
            scene.transport.gain(-20.0, 0.02)
            scene.transport.play(FRAME)
            await scene.settle()
            scene.socket.push(wire.Bye())
        return [isinstance(item, bytes) for item in scene.socket.sent]

    assert play(main) == [False, True, False, True]  # welcome, and then as it was said


@pytest.mark.parametrize("chunk_ms", [19, 201])
def test_a_message_is_no_shorter_than_a_frame_and_no_longer_than_is_quick(chunk_ms: int) -> None:
    with pytest.raises(ValidationError, match="chunk_ms"):
        WebSocketSettings(chunk_ms=chunk_ms)


# --- handing the caller over ---------------------------------------------------------------------


def transferring(play, *answers: wire.ClientMessage, after_s: float = 1.0):
    """What came of a transfer that the peer answers so."""

    async def main(scene):
        came: list[object] = []
        async with asyncio.TaskGroup() as group:
            group.create_task(scene.run())

            async def ask() -> None:
                try:
                    await scene.transport.transfer("front desk")
                    came.append("transferred")
                except (Unavailable, TimedOut) as error:
                    came.append(error)

            group.create_task(ask())
            await scene.settle(after_s)
            scene.socket.push(*answers)
            while not came:
                scene.socket.push(wire.Pong(1))
                await scene.settle(1.0)
            scene.socket.push(wire.Bye())
        return scene, came[0]

    return play(main, transfers=True)


def test_the_peer_is_asked_and_says_that_it_has_connected_them(play) -> None:
    scene, came = transferring(play, wire.Transferred())
    assert scene.transport.facts.transfers
    assert wire.Transfer(to="front desk", within_s=TRANSFER_S) in scene.socket.said()
    assert came == "transferred"


def test_a_peer_that_cannot_connect_them_says_why(play) -> None:
    _, came = transferring(play, wire.TransferFailed(reason="busy"))
    assert isinstance(came, Unavailable)
    assert str(came) == "busy"


def test_a_peer_that_does_not_say_is_not_waited_for(play) -> None:
    _, came = transferring(play)
    assert isinstance(came, TimedOut)


def test_answers_nobody_asked_for_are_warned_of_once(play) -> None:
    scene, came = transferring(play, wire.Transferred(), wire.Transferred(), wire.TransferFailed())
    assert came == "transferred"
    assert scene.line.facts == [("warned", "the peer answers a transfer it was not asked for")]


def test_a_client_that_does_not_say_so_is_not_asked(play) -> None:
    async def main(scene):
        return scene.transport.facts.transfers

    assert play(main) is False
