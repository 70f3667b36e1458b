"""ElevenLabs' professional voices, against the sandbox: begun, read aloud for, trained."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.providers.stage import account

from antiphon.errors import ProviderError, Rejected, Unavailable
from antiphon.net.cloning import Consent, NewVoice, Recording, clone
from antiphon.net.training import Progress, Trained, verify
from antiphon.providers.elevenlabs.trained import MODEL, ElevenLabsTrainer
from antiphon.providers.elevenlabs.voices import ElevenLabsVoices
from antiphon.providers.elevenlabs.wire import voices as wire
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

CLIPS = (
    Recording(filename="one.wav", data=b"RIFF one"),
    Recording(filename="two.mp3", data=b"ID3 two", content_type="audio/mpeg"),
)
READING = Recording(filename="reading.wav", data=b"RIFF reading")


def wanted() -> NewVoice:
    when = datetime(2026, 11, 21, tzinfo=UTC)
    consent = Consent.to(CLIPS, who="Ann Lee", when=when, purpose="our shop's telephone agent")
    return NewVoice(
        name="Ann", recordings=CLIPS, consent=consent, language="de", description="warm"
    )


async def test_from_recordings_to_a_voice_that_speaks(sandbox: Sandbox, tmp_path: Path) -> None:
    trainer, consents = ElevenLabsTrainer(account(sandbox)), tmp_path / "consents.jsonl"
    voice = await clone(trainer, wanted(), consents)
    assert await trainer.progress(voice.id) == Progress(
        name="Ann", samples=2, seconds=None, verified=False
    )
    with pytest.raises(Rejected, match="not verified"):
        await trainer.train(voice.id, MODEL)

    challenge = await trainer.challenge(voice.id)
    assert challenge.kind == "png"
    await verify(trainer, voice.id, READING, consents)
    await trainer.train(voice.id, MODEL)
    states = [(await trainer.progress(voice.id)).models for _ in range(4)]
    assert states == [
        (Trained(model=MODEL, state="queued", share=0.0),),
        (Trained(model=MODEL, state="fine_tuning", share=0.5),),
        (Trained(model=MODEL, state="fine_tuned", share=1.0),),
        (Trained(model=MODEL, state="fine_tuned", share=1.0),),
    ]
    lines = [json.loads(line) for line in consents.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["consented", "cloned", "read aloud", "verified"]
    assert {line["voice_id"] for line in lines[1:]} == {voice.id}
    assert lines[-1]["recording_sha256"] == [READING.sha256]

    voices = ElevenLabsVoices(account(sandbox))
    assert [v.cloned for v in await voices.list() if v.id == voice.id] == [True]
    await voices.delete(voice.id)
    with pytest.raises(Rejected):
        await trainer.challenge(voice.id)
    await voices.aclose()
    await trainer.aclose()


async def test_a_reading_nobody_took_is_noted_as_sent_and_no_more(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    trainer, consents = ElevenLabsTrainer(account(sandbox)), tmp_path / "consents.jsonl"
    voice = await clone(trainer, wanted(), consents)
    with pytest.raises(Rejected, match="Fetch what is to be read aloud first"):
        await verify(trainer, voice.id, READING, consents)
    assert json.loads(consents.read_text().splitlines()[-1])["event"] == "read aloud"
    await trainer.aclose()


async def test_recordings_that_do_not_arrive_leave_word_of_the_voice(sandbox: Sandbox) -> None:
    trainer = ElevenLabsTrainer(account(sandbox))
    sandbox.rules.add(Fault(refuse=413), path="/v1/voices/pvc/")
    with pytest.raises(ProviderError) as caught:
        await trainer.clone(wanted())
    assert "was begun and has no recordings: delete it" in caught.value.__notes__[0]
    await trainer.aclose()


async def test_what_cannot_be_read(sandbox: Sandbox) -> None:
    trainer = ElevenLabsTrainer(account(sandbox))
    sandbox.rules.add(Fault(malformed=True))
    with pytest.raises(Unavailable, match="cannot be read"):
        await trainer.clone(wanted())
    voice = await trainer.clone(wanted())
    sandbox.rules.add(Fault(malformed=True))
    with pytest.raises(Unavailable, match="neither a picture"):
        await trainer.challenge(voice.id)
    await trainer.aclose()


@pytest.mark.parametrize(
    "told, verified, failures",
    [
        (wire.Training(verification_failures=("too_noisy",)), False, ("too_noisy",)),
        (
            wire.Training(
                verification_attempts=(
                    wire.Attempt(
                        text="a", date_unix=1, accepted=True, similarity=0.9, levenshtein_distance=0
                    ),
                )
            ),
            True,
            (),
        ),
        (None, False, ()),
    ],
)
async def test_whoever_was_recognised_is_told_in_either_place(
    told: wire.Training | None, verified: bool, failures: tuple[str, ...], sandbox: Sandbox
) -> None:
    trainer = ElevenLabsTrainer(account(sandbox))
    voice = wire.Voice(voice_id="ann", fine_tuning=told)

    async def ask(method: str, path: str, **content: object) -> bytes:
        return wire.encode(voice).encode()

    trainer._ask = ask  # type: ignore[method-assign]
    found = await trainer.progress("ann")
    assert (found.name, found.verified, found.failures) == ("ann", verified, failures)
    await trainer.aclose()
