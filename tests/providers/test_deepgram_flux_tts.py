"""Deepgram's Flux voice against the sandbox, and its codec."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.providers.stage import CLAUSE, SOCKET_FAULTS, account, failed_reply, seconds

from antiphon.errors import ProviderError, Rejected, RemoteProtocolError, Unavailable
from antiphon.net.frames import Unknown
from antiphon.ports.tts import Speaking
from antiphon.providers.deepgram.flux_tts import FluxSynthesiser
from antiphon.providers.deepgram.settings import FLUX_TTS, FluxTtsSettings
from antiphon.providers.deepgram.wire import flux_tts as wire
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_tts import speak

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
counts = st.integers(0, 2**31)


def voice(sandbox: Sandbox, **other: object) -> FluxSynthesiser:
    whose = account(sandbox)
    return FluxSynthesiser(FluxTtsSettings.model_validate({"account": whose, **other}))


def sent(sandbox: Sandbox) -> list[str]:
    return [json.loads(text)["type"] for text in sandbox.requests[-1].texts("client")]


async def test_a_clause_is_a_turn_and_the_connection_is_used_again(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    for _ in range(2):
        pieces = await speak(engine, CLAUSE, "...", CLAUSE)
        assert [piece.clause for piece in pieces if piece.last] == [0, 1, 2]
    assert len(sandbox.requests) == 1
    assert sent(sandbox) == ["Speak", "Flush"] * 4
    await engine.aclose()


@pytest.mark.parametrize("speed, said", [(1.0, None), (1.234, "1.25"), (9.0, "1.5"), (0.1, "0.5")])
async def test_the_speed_is_one_the_vendor_takes(
    speed: float, said: str | None, sandbox: Sandbox
) -> None:
    engine = voice(sandbox, rate_hz=16_000)
    utterance = engine.utter(Speaking(voice="flux-haley-en", speed=speed))
    utterance.say(CLAUSE)
    utterance.end()
    assert [piece async for piece in utterance.audio()][-1].last
    query = dict(sandbox.requests[0].query)
    assert query.pop("speed", None) == said
    assert query == {"model": "flux-haley-en", "encoding": "linear16", "sample_rate": "16000"}
    await engine.aclose()


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
async def test_telephone_audio_is_asked_for_and_decoded(encoding: str, sandbox: Sandbox) -> None:
    engine = voice(sandbox, encoding=encoding, rate_hz=8000)
    assert 1.0 < seconds(await speak(engine, CLAUSE), engine) < 3.0
    assert dict(sandbox.requests[0].query)["encoding"] == encoding
    await engine.aclose()


def test_telephone_audio_has_a_telephones_rate(sandbox: Sandbox) -> None:
    with pytest.raises(ValidationError, match="8000 or 16000"):
        voice(sandbox, encoding="mulaw")
    assert FLUX_TTS.native_mulaw


async def test_barge_in_interrupts_the_turn(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    utterance = engine.utter(Speaking())
    for _ in range(5):
        utterance.say(CLAUSE)
    stream = utterance.audio()
    async with aclosing(stream):  # type: ignore[type-var]
        await anext(stream)
    await asyncio.sleep(0.1)
    assert sent(sandbox)[-1] == "Interrupt"
    assert seconds(await speak(engine, CLAUSE), engine) > 1.0
    await engine.aclose()


@pytest.mark.parametrize("fault, kind", SOCKET_FAULTS, ids=str)
async def test_a_failure_is_one_of_ours_and_the_next_reply_is_whole(
    fault: Fault, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    error = await failed_reply(voice(sandbox, audio_within_s=0.5), sandbox, fault)
    assert type(error) is kind


@pytest.mark.parametrize("speed", ["speed=0.93", "speed=3", "speed=x"])
async def test_what_the_vendor_refuses_is_refused(speed: str, sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    with pytest.raises(Rejected, match="speed"):
        await engine._voices.peer.connect(f"{sandbox.url}/v2/speak?model=flux-alexis-en&{speed}")
    with pytest.raises(Rejected, match="flux voices"):
        await engine._voices.peer.connect(f"{sandbox.url}/v2/speak?model=aura-2-thalia-en")


@pytest.mark.parametrize("code, kind", [("DATA-0002", Rejected), ("NET-0003", Unavailable)])
def test_an_error_of_theirs_says_whose_fault_it_is(
    code: str, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    with pytest.raises(kind, match=code):
        voice(sandbox)._complete(wire.encode(wire.Error(code, "because")))


# --- the codec ---------------------------------------------------------------------------------

turns: dict[str, Any] = {
    "speech_id": texts,
    "audio_duration_ms": counts,
    "input_character_count": counts,
    "billable_character_count": counts,
}
ENDS: dict[str, tuple[st.SearchStrategy[Any], Callable[[str], Any]]] = {
    "client": (
        st.one_of(
            st.builds(wire.Speak, texts),
            st.builds(wire.Flush),
            st.builds(wire.Interrupt, st.none() | st.builds(wire.PlaybackOffset, counts)),
            st.builds(wire.Configure, st.none() | st.floats(0.5, 1.5)),
            st.builds(wire.Close),
        ),
        wire.decode_client,
    ),
    "server": (
        st.one_of(
            st.builds(wire.Connected, texts, texts, texts, st.lists(texts).map(tuple)),
            st.builds(wire.SpeechStarted, texts),
            st.builds(wire.Flushed, texts),
            st.builds(wire.SpeechMetadata, **turns),
            st.builds(
                wire.SpeechInterrupted,
                counts,
                st.builds(wire.TurnMetadata, **turns),
                st.none() | texts,
                st.none() | texts,
            ),
            st.builds(wire.SessionMetadata, counts, counts, counts),
            st.builds(wire.ConfigureSuccess, st.builds(wire.Applied, st.none() | st.just(0.9))),
            st.builds(wire.ConfigureFailure, code=texts, description=texts, field=texts),
            st.builds(wire.Warning, texts, texts),
            st.builds(wire.Error, texts, texts),
        ),
        wire.decode_server,
    ),
}


@pytest.mark.parametrize("end", ENDS)
@given(data=st.data())
def test_what_goes_in_comes_out(end: str, data: st.DataObject) -> None:
    messages, decode = ENDS[end]
    message = data.draw(messages)
    text = wire.encode(message)
    assert decode(text) == message
    assert decode(json.dumps({**json.loads(text), "added_by_a_newer_version": 1})) == message
    with pytest.raises(RemoteProtocolError):
        decode(text[: data.draw(st.integers(0, len(text) - 1))])


@pytest.mark.parametrize("end", ENDS)
def test_a_kind_nobody_told_us_of_is_not_an_error(end: str) -> None:
    assert ENDS[end][1]('{"type":"Cheer","loud":true}') == Unknown("Cheer")
