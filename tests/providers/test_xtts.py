"""The XTTS server's voice against the sandbox: its wire, its waiting, its cloned voices."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.stage import CLAUSE

from antiphon.errors import LocalProtocolError, Rejected, RemoteProtocolError, Unavailable
from antiphon.net.account import Account
from antiphon.net.cloning import Consent, NewVoice, Recording, clone
from antiphon.ports.tts import Speaking
from antiphon.providers.xtts import wire
from antiphon.providers.xtts.settings import XttsSettings
from antiphon.providers.xtts.tts import XttsSynthesiser
from antiphon.providers.xtts.voices import XttsVoices
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_tts import speak

CLIP = Recording(filename="ann.wav", data=b"RIFF and so on")


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def where(sandbox: Sandbox) -> Account:
    return Account.model_validate({"base_url": sandbox.http_url})


def voice(sandbox: Sandbox, **other: object) -> XttsSynthesiser:
    return XttsSynthesiser(XttsSettings.model_validate({"account": where(sandbox), **other}))


def asked(sandbox: Sandbox) -> list[wire.Stream]:
    requests = [request for request in sandbox.requests if request.path == "/tts_stream"]
    return [wire.decode_stream(request.audio("client")) for request in requests]


def wanted(name: str = "Ann", *clips: Recording) -> NewVoice:
    recordings = clips or (CLIP,)
    when = datetime(2026, 11, 21, tzinfo=UTC)
    consent = Consent.to(recordings, who="Ann Lee", when=when, purpose="our telephone agent")
    return NewVoice(name=name, recordings=recordings, consent=consent)


def nothing_in(folder: Path) -> bool:
    return not list(folder.iterdir())


# --- the codec ---------------------------------------------------------------------------------

numbers = st.lists(st.floats(-1, 1), min_size=1, max_size=4).map(tuple)
speakers = st.builds(wire.Speaker, numbers, st.lists(numbers, min_size=1, max_size=3).map(tuple))


@given(speakers, st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 99))
def test_what_goes_in_comes_out(speaker: wire.Speaker, text: str, size: int) -> None:
    encoded = wire.encode(speaker)
    assert wire.decode_speaker(encoded) == speaker
    assert wire.decode_speakers(wire.encode_speakers({"x": speaker})) == {"x": speaker}
    whole = wire.decode_stream(wire.stream(encoded, text, "en", size))
    assert whole == wire.Stream(
        speaker_embedding=speaker.speaker_embedding,
        gpt_cond_latent=speaker.gpt_cond_latent,
        text=text,
        language="en",
        add_wav_header=False,
        stream_chunk_size=str(size),
    )
    assert wire.decode_stream(wire.encode(whole)) == whole


def test_what_is_no_voice_is_refused() -> None:
    for body in (b"", b"{}", b'{"speaker_embedding":[],"gpt_cond_latent":[]}'):
        with pytest.raises(RemoteProtocolError):
            wire.decode_speaker(body)
    speaker = wire.encode(wire.Speaker((0.0,), ((0.0,),)))
    with pytest.raises(LocalProtocolError):
        wire.stream(speaker, "\ud83d", "en", 20)


# --- the voice ---------------------------------------------------------------------------------


async def test_each_clause_is_a_request_with_the_voices_numbers(sandbox: Sandbox) -> None:
    engine = voice(sandbox, chunk_size=5)
    await engine.start()
    utterance = engine.utter(Speaking(voice="Claribel Dervla", language="zh-TW"))
    utterance.say(CLAUSE)
    utterance.say("Yes.")
    utterance.end()
    pieces = [piece async for piece in utterance.audio()]
    assert [piece.clause for piece in pieces if piece.last] == [0, 1]
    first, second = asked(sandbox)
    assert (first.text, second.text) == (CLAUSE, "Yes.")
    assert (first.language, first.stream_chunk_size, first.add_wav_header) == ("zh-cn", "5", False)
    assert first.speaker_embedding[0] == 0.25
    assert sandbox.requests[0].path == "/studio_speakers"
    assert len(sandbox.requests) == 3
    await engine.aclose()


async def test_the_server_is_asked_one_thing_at_a_time(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    await engine.start()
    await asyncio.gather(*(speak(engine, CLAUSE, CLAUSE) for _ in range(3)))
    spans = [
        (request.frames[0].at_s, request.frames[-1].at_s)
        for request in sandbox.requests
        if request.path == "/tts_stream"
    ]
    spans.sort()
    assert len(spans) == 6
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    await engine.aclose()


async def test_a_voice_nobody_has_is_refused(sandbox: Sandbox) -> None:
    engine = voice(sandbox, voice="Nobody")
    with pytest.raises(Rejected, match="Nobody"):
        await speak(engine, CLAUSE)
    await engine.aclose()


async def test_a_server_that_is_away_is_asked_again(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    sandbox.rules.add(Fault(refuse=503))
    await engine.start()
    assert (await speak(engine, CLAUSE))[-1].last
    sandbox.rules.add(Fault(refuse=403))
    with pytest.raises(Rejected):
        await engine.start()
    sandbox.rules.add(Fault(malformed=True))
    await engine.start()
    await engine.aclose()


# --- cloning -----------------------------------------------------------------------------------


async def test_a_cloned_voice_is_kept_here_and_spoken_with(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    kept = tmp_path / "voices"
    voices = XttsVoices(where(sandbox), kept)
    made = await clone(voices, wanted(), tmp_path / "consents.jsonl")
    lines = (tmp_path / "consents.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["consented", "cloned"]
    found = {known.id: known.cloned for known in await voices.list()}
    assert found == {"Ann": True, "Asya Anara": False, "Claribel Dervla": False}
    engine = voice(sandbox, voice=made.id, voices=kept)
    await speak(engine, CLAUSE)
    own = wire.decode_speaker((kept / "Ann.json").read_bytes())
    assert asked(sandbox)[0].speaker_embedding == own.speaker_embedding
    await voices.delete("Ann")
    assert "Ann" not in {known.id for known in await voices.list()}
    with pytest.raises(Rejected, match="no voice"):
        await voices.delete("Ann")
    await voices.aclose()
    await engine.aclose()


async def test_a_name_is_no_path_and_a_recording_is_one(sandbox: Sandbox, tmp_path: Path) -> None:
    voices = XttsVoices(where(sandbox), tmp_path)
    for name in ("../ann", "", ".hidden", "a" * 65):
        with pytest.raises(Rejected, match="file's name"):
            await voices.clone(wanted(name))
    other = Recording(filename="b.wav", data=b"other")
    with pytest.raises(Rejected, match="one recording"):
        await voices.clone(wanted("Ann", CLIP, other))
    assert sandbox.requests == []
    assert nothing_in(tmp_path)
    await voices.aclose()


async def test_an_answer_nobody_can_read_is_theirs_and_nothing_is_kept(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    voices = XttsVoices(where(sandbox), tmp_path)
    sandbox.rules.add(Fault(malformed=True), times=2)
    with pytest.raises(Unavailable, match="cannot be read"):
        await voices.clone(wanted())
    with pytest.raises(Unavailable, match="cannot be read"):
        await voices.list()
    assert nothing_in(tmp_path)
    await voices.aclose()


async def test_a_file_that_is_no_voice_is_our_users_to_mend(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "Ann.json").write_text("{}")
    engine = voice(sandbox, voice="Ann", voices=tmp_path)
    with pytest.raises(Rejected, match="not a voice"):
        await speak(engine, CLAUSE)
    await engine.aclose()
