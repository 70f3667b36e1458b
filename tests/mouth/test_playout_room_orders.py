"""Whatever is ordered when, with a room that sounds all the time: what holds without one holds."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from tests.mouth import test_interleavings as plain

from antiphon.audio.frame import int16
from antiphon.audio.levels import rms_dbfs
from antiphon.events import ReplyStarted
from antiphon.mouth.ambient import Ambience, room_tone
from antiphon.testing.voice import Fault

ROOM = Ambience(*room_tone(), -53.0)
QUIET_DBFS = -50.0


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(plain.STEPS, plain.LINES, plain.FAULTS)
def test_any_order_of_orders(
    play: Callable[..., Any], steps: Any, line: dict[str, Any], faults: list[Fault | None]
) -> None:
    script: Any = None
    shown: list[tuple[int, int]] = []

    async def scene(stage: Any) -> None:
        nonlocal script
        script = plain.Script(stage)
        stage.voice.faults.extend(faults)
        for wait_s, order in steps:
            if wait_s:
                await stage.clock.sleep(wait_s)
            script.give(order)
        await stage.clock.sleep(1)
        script.wind_up()
        limit_s = stage.clock.now() + 90
        while stage.mouth._voicings or stage.mouth._playout.reply or stage.voice.open:
            assert stage.clock.now() < limit_s, stage.told
            await stage.clock.sleep(0.2)
        await stage.clock.sleep(1)
        assert stage.wheel.riders == 1

    stage = play(
        scene,
        voice={"pitches_hz": (200.0, 250.0, 300.0)},
        ambience=ROOM,
        on_sent=lambda pcm, at: shown.append((at, len(pcm))),
        **line,
    )
    plain._every_reply_ends_once(stage, script)
    plain._text_is_whole(stage, script)
    plain._replies_keep_their_order(stage, script)
    plain._nothing_clicks(stage, line)
    _stopped_is_quiet(stage, script, line)
    assert stage.wheel.riders == 0
    assert shown == [(at, 320) for at in range(0, stage.transport.sent_samples, 160)]


def _stopped_is_quiet(stage: Any, script: Any, line: dict[str, Any]) -> None:
    """From a stop until the next reply starts there is nothing but the room."""
    starts = [at for at, event in stage.told if isinstance(event, ReplyStarted)]
    for at in script.stops:
        quiet_from = at + line.get("delay_s", 0.0) + 0.05
        quiet_from += 0.08 if line["ducking"] == "lead" else 0.0
        quiet_to = min([start for start in starts if start >= at], default=at + 2)
        heard = stage.transport.heard_at(quiet_from, max(0.0, quiet_to - quiet_from))
        for frame in range(0, len(heard) - 160, 160):
            piece = int16(np.ascontiguousarray(heard[frame : frame + 160]).tobytes())
            assert rms_dbfs(piece) < QUIET_DBFS, (at, frame)
