"""ElevenLabs' voice by HTTP, and the voices of an account, against the sandbox."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.providers.stage import CLAUSE, KEY, account, failed_reply

from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.net.cloning import Consent, NewVoice, Recording, clone
from antiphon.ports.tts import Speaking, Spoken
from antiphon.providers.elevenlabs.settings import HttpSettings
from antiphon.providers.elevenlabs.streamed import StreamedSynthesiser
from antiphon.providers.elevenlabs.voices import ElevenLabsVoices
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_tts import speak

WHEN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def voice(sandbox: Sandbox, key: str = KEY, **other: object) -> StreamedSynthesiser:
    whose = account(sandbox, api_key=key)
    return StreamedSynthesiser(HttpSettings.model_validate({"account": whose, **other}))


def asked(sandbox: Sandbox) -> list[dict[str, Any]]:
    bodies = [request.frames[0].data for request in sandbox.requests]
    return [json.loads(body) for body in bodies]


def samples(pieces: Sequence[Spoken]) -> int:
    return sum(len(piece.pcm) // 2 for piece in pieces)


async def test_each_clause_knows_what_was_said_before(sandbox: Sandbox) -> None:
    engine = voice(sandbox, output_format="alaw_8000", similarity_boost=0.5)
    utterance = engine.utter(Speaking(speed=0.5, language="en-GB"))
    for clause in (CLAUSE, "Until then!", "Goodbye."):
        utterance.say(clause)
    utterance.end()
    pieces = [piece async for piece in utterance.audio()]
    assert [piece.clause for piece in pieces if piece.last] == [0, 1, 2]
    assert asked(sandbox) == [
        {
            "text": text,
            "model_id": "eleven_flash_v2_5",
            "language_code": "en",
            "voice_settings": {"similarity_boost": 0.5, "speed": 0.7},
            "apply_text_normalization": "auto",
            **({"previous_text": before} if before else {}),
        }
        for text, before in (
            (CLAUSE, ""),
            ("Until then!", CLAUSE),
            ("Goodbye.", f"{CLAUSE} Until then!"),
        )
    ]
    assert dict(sandbox.requests[0].query) == {
        "output_format": "alaw_8000",
        "enable_logging": "true",
    }
    await engine.aclose()


async def test_words_lie_in_their_clauses(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    long = "and then we walked on " * 60
    pieces = await speak(engine, CLAUSE, long)
    for clause, text in enumerate((CLAUSE, long)):
        own = [piece for piece in pieces if piece.clause == clause]
        words = [word for piece in own for word in piece.words]
        assert [word.text for word in words] == text.split()
        assert [word.start for word in words] == sorted(word.start for word in words)
        assert 0.95 * samples(own) < words[-1].end <= samples(own)
    await engine.aclose()


FAULTS = [
    (Fault(refuse=401), Rejected),
    (Fault(refuse=408), TimedOut),
    (Fault(refuse=429, retry_after_s=3), AtCapacity),
    (Fault(refuse=503), Unavailable),
    (Fault(vanish=True, after=2), Unavailable),
    (Fault(stall=True, after=2), TimedOut),
    (Fault(malformed=True, after=2), Unavailable),
]


@pytest.mark.parametrize("fault, kind", FAULTS, ids=str)
async def test_a_failure_is_one_of_ours_and_the_next_reply_is_whole(
    fault: Fault, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    error = await failed_reply(voice(sandbox, audio_within_s=0.5), sandbox, fault)
    assert type(error) is kind


async def test_a_wrong_key_is_found_at_the_start(sandbox: Sandbox) -> None:
    wrong = voice(sandbox, key="another-secret")
    with pytest.raises(Rejected, match="invalid_api_key"):
        await wrong.start()
    await wrong.aclose()
    # A key that may speak but not list voices is no wrong key, nor is a vendor that is away.
    sandbox.rules.add(Fault(refuse=401, reason="missing_permissions"))
    sandbox.rules.add(Fault(refuse=503))
    engine = voice(sandbox)
    for _ in range(2):
        await engine.start()
    await engine.aclose()


# --- voices ------------------------------------------------------------------------------------


@pytest.fixture
async def cloner(sandbox: Sandbox) -> AsyncIterator[ElevenLabsVoices]:
    cloner = ElevenLabsVoices(account(sandbox))
    yield cloner
    await cloner.aclose()


def wanted() -> NewVoice:
    sample = Recording(filename="ann.wav", data=b"RIFF and so on")
    consent = Consent.to([sample], who="Ann Lee", when=WHEN, purpose="a test")
    return NewVoice(
        name="Ann", recordings=(sample,), consent=consent, language="de", description="calm"
    )


async def test_a_voice_is_cloned_used_and_deleted(
    sandbox: Sandbox, cloner: ElevenLabsVoices, tmp_path: Path
) -> None:
    before = await cloner.list()
    made = await clone(cloner, wanted(), tmp_path / "consents.jsonl")
    assert set(await cloner.list()) - set(before) == {made}
    assert (made.name, made.language, made.cloned) == ("Ann", "de", True)
    lines = [json.loads(line) for line in (tmp_path / "consents.jsonl").read_text().splitlines()]
    assert [(line["event"], line.get("voice_id")) for line in lines] == [
        ("consented", None),
        ("cloned", made.id),
    ]
    engine = voice(sandbox, voice=made.id)
    assert samples(await speak(engine, CLAUSE)) > 0
    await cloner.delete(made.id)
    assert await cloner.list() == before
    with pytest.raises(Rejected, match="voice_not_found"):
        await speak(engine, CLAUSE)
    with pytest.raises(Rejected, match="404"):
        await cloner.delete(made.id)
    await engine.aclose()


async def test_the_vendor_gets_the_recording_and_not_the_consent(
    sandbox: Sandbox, cloner: ElevenLabsVoices
) -> None:
    await cloner.clone(wanted())
    body = sandbox.requests[-1].audio("client")
    for part in (b'name="files"; filename="ann.wav"', b"RIFF and so on", b"calm", b"audio/wav"):
        assert part in body
    assert b"Ann Lee" not in body


async def test_an_answer_nobody_can_read_is_a_failure(
    sandbox: Sandbox, cloner: ElevenLabsVoices
) -> None:
    sandbox.rules.add(Fault(malformed=True))
    with pytest.raises(Unavailable, match="cannot be read"):
        await cloner.list()
