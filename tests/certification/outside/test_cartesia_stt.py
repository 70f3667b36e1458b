"""Cartesia's own SDK listens on both sockets of Ink, and strict readings of every frame."""

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import pytest
import websockets
from cartesia.types.stt.stt_auto_finalize_websocket_response import (
    STTAutoFinalizeWebsocketResponse,
)
from cartesia.types.stt.stt_manual_finalize_websocket_response import (
    STTManualFinalizeWebsocketResponse,
)
from tests.certification.outside.conftest import SAYS, Sandbox, fault, pcm
from tests.certification.outside.published import strictly
from tests.certification.outside.test_cartesia import STRICT, client

SDK = "cartesia"
MANUAL = "WS /stt/websocket"
TURNS = "WS /stt/turns/websocket"
ASKED: dict[str, Any] = {"model": "ink-2", "encoding": "pcm_s16le", "sample_rate": 16_000}
CHUNK = 1280
BREATH = pcm(quiet_s=0.28) + pcm(quiet_s=0.28) + bytes(2 * 16_000)
"""Two stretches of sound with a pause between them that may end a turn and does not."""


def chunks(speech: bytes) -> list[bytes]:
    return [speech[at : at + CHUNK] for at in range(0, len(speech), CHUNK)]


async def _frames(sandbox: Sandbox, path: str, messages: list[bytes | str]) -> list[str]:
    """All that is sent to who says this, up to a clean close."""
    headers = {"Authorization": f"Bearer {sandbox.key}", "cartesia-version": "2026-08-14"}
    url = f"{sandbox.ws}{path}?{urlencode(ASKED)}"
    async with websockets.connect(url, additional_headers=headers) as socket:
        for message in messages:
            await socket.send(message)
        frames = [str(frame) async for frame in socket]
        assert socket.close_code == 1000
    return frames


# --- finals on demand -------------------------------------------------------------------------


@pytest.mark.proves(
    MANUAL,
    by=SDK,
    exchange="partial and final transcripts, joined as they are",
    controls="finalize, close",
    limits="after close all that was heard, done, then a clean close",
)
async def test_it_hears_and_finalises(sandbox: Sandbox) -> None:
    told: list[Any] = []
    async with client(sandbox).stt.manual_finalize.websocket(**ASKED) as connection:
        for _ in SAYS:
            for chunk in chunks(pcm(quiet_s=0.5)):
                await connection.send_raw(chunk)
            await connection.send_raw("finalize")
            async for event in connection:
                told.append(event)
                if event.type == "flush_done":
                    break
        await connection.send_raw("close")
        told += [event async for event in connection]
    finals = [event for event in told if event.type == "transcript" and event.is_final]
    assert "".join(event.text for event in finals) == " ".join(SAYS)
    assert any(event.type == "transcript" and not event.is_final for event in told)
    assert told[-1].type == "done"


# Words are left out: the SDK has them as lists in one, LiveKit's plugin one by one, as we do.
@pytest.mark.proves(MANUAL, by=SDK, schema=f"{STRICT}, besides the items of words")
async def test_what_it_sends_on_demand_fits_the_sdk(sandbox: Sandbox) -> None:
    messages: list[bytes | str] = [*chunks(pcm(quiet_s=0.5)), "nonsense", "finalize", "close"]
    frames = await _frames(sandbox, "/stt/websocket", messages)
    plain = [json.dumps({**json.loads(frame), "words": None}) for frame in frames]
    kinds = {strictly(STTManualFinalizeWebsocketResponse, f, {"words"}).type for f in plain}
    assert kinds == {"transcript", "error", "flush_done", "done"}


# --- turns --------------------------------------------------------------------------------------


@pytest.mark.proves(
    TURNS,
    by=SDK,
    exchange="connected, turn.start, turn.update, turn.eager_end, turn.resume, turn.end",
    controls="config, close, keyterms and settings of turns in the opening",
    limits="after close the turn's end, then a clean close",
)
async def test_it_tells_turns(sandbox: Sandbox) -> None:
    told: list[Any] = []
    settings: Any = {"turn_end_threshold": 0.1, "keyterm": ["Beckett", "Ann Lee"]}
    async with client(sandbox).stt.auto_finalize.websocket(**ASKED, **settings) as connection:
        await connection.send({"type": "config", "turn": {"end_timeout_ms": 700}})
        for chunk in chunks(BREATH):
            await connection.send_raw(chunk)
        async for event in connection:
            told.append(event)
            if event.type == "turn.end":
                break
        for chunk in chunks(pcm(quiet_s=0.1)):
            await connection.send_raw(chunk)
        await connection.send({"type": "close"})
        told += [event async for event in connection]
    kinds = [event.type for event in told]
    assert kinds[0] == "connected"
    order = [kinds.index(f"turn.{kind}") for kind in ("start", "update", "eager_end", "resume")]
    assert order == sorted(order)
    ended = [event.transcript for event in told if event.type == "turn.end"]
    assert ended[0] == " ".join(SAYS)
    assert kinds[-1] == "turn.end"


@pytest.mark.proves(TURNS, by=SDK, schema=f"{STRICT}, an error among them")
async def test_what_it_sends_of_turns_fits_the_sdk(sandbox: Sandbox) -> None:
    wrong = json.dumps({"type": "config", "turn": {"end_threshold": 0.9}})
    messages: list[bytes | str] = [wrong, *chunks(BREATH), json.dumps({"type": "close"})]
    frames = await _frames(sandbox, "/stt/turns/websocket", messages)
    kinds = {strictly(STTAutoFinalizeWebsocketResponse, frame).type for frame in frames}
    turns = {f"turn.{kind}" for kind in ("start", "update", "eager_end", "resume", "end")}
    assert kinds == {"connected", "error", *turns}


# --- refusals and breaks ------------------------------------------------------------------------


@pytest.mark.proves(MANUAL, by=SDK, refusal="wrong key (401), wrong encoding (400), 429, 503")
@pytest.mark.proves(TURNS, by=SDK, refusal="wrong key (401), wrong threshold (400), 429, 503")
@pytest.mark.parametrize("way", ["manual_finalize", "auto_finalize"])
@pytest.mark.parametrize("status", [400, 401, 429, 503])
async def test_it_refuses(sandbox: Sandbox, way: str, status: int) -> None:
    wrong: dict[str, Any] = {"turn_end_threshold": 0.9} if way == "auto_finalize" else {}
    asked = {
        400: {**ASKED, **(wrong or {"encoding": "pcm_f64le"})},
        429: {**ASKED, "extra_headers": {"X-Sandbox-Fault": fault(refuse=429)}},
        503: {**ASKED, "extra_headers": {"X-Sandbox-Fault": fault(refuse=503)}},
    }.get(status, ASKED)
    cartesia = client(sandbox, "wrong" if status == 401 else "")
    with pytest.raises(websockets.InvalidStatus) as caught:
        async with getattr(cartesia.stt, way).websocket(**asked):
            pass
    assert caught.value.response.status_code == status
    told = json.loads(caught.value.response.body or b"{}")
    assert told["title"]
    assert told["message"]


@pytest.mark.proves(TURNS, by=SDK, limits="closed with 1012 it connects again")
async def test_a_restart_of_the_vendor_is_survived_by_its_sdk(sandbox: Sandbox) -> None:
    seen: list[int] = []

    def again(event: Any) -> Any:
        seen.append(event.close_code)
        return {"extra_headers": {}}

    async with client(sandbox).stt.auto_finalize.websocket(
        **ASKED,
        extra_headers={"X-Sandbox-Fault": fault(close=1012, reason="restart")},
        on_reconnecting=again,
        initial_delay=0.01,
    ) as connection:
        async with asyncio.timeout(10):
            async for event in connection:
                assert event.type == "connected"
                break
    assert seen == [1012]
