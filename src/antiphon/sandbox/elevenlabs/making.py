"""Voices designed from words and professional voices, from the vendor's end.

Previews are the sandbox's voice at three paces. A professional voice must have recordings, and
somebody who read aloud, before it is trained; any reading that is not empty is believed, and each
look at a voice in training finds it one state further.
"""

import hashlib
import secrets
from typing import Final

import msgspec

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.providers.elevenlabs.wire import making as wire
from antiphon.providers.elevenlabs.wire import voices
from antiphon.sandbox.elevenlabs.account import account, recordings, refuse
from antiphon.sandbox.elevenlabs.digits import drawn
from antiphon.sandbox.elevenlabs.voice import FORMATS, MODELS, spoken
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.vendor import Means

__all__ = ["SERVED", "further"]

DESIGNERS: Final = ("eleven_multilingual_ttv_v2", "eleven_ttv_v3")
PACES: Final = (1.0, 0.9, 1.15)
TEXT: Final = (
    "Good morning, and thank you for calling. I hope that I have not kept you waiting for long."
    " What may I do for you today?"
)
"""Said where a text is to be found for a description; as long as the vendor wants one."""
NEXT: Final = {"queued": ("fine_tuning", 0.5), "fine_tuning": ("fine_tuned", 1.0)}
MULTILINGUAL: Final = "eleven_multilingual_v2"
"""Trained where no model is named; which one the vendor takes then is unconfirmed."""
NO_VOICE: Final = "A voice with this id was not found."


# --- from words ------------------------------------------------------------------------------


async def _design(exchange: Exchange, means: Means) -> None:
    try:
        asked = wire.decode_design(await exchange.body())
    except RemoteProtocolError as error:
        await refuse(exchange, 422, str(error))
        return
    sound = exchange.query.get("output_format", "mp3_44100_192")
    text = asked.text or (TEXT if asked.auto_generate_text else "")
    if mistake := _mistake(asked, text, sound):
        await refuse(exchange, 422, mistake)
        return
    try:
        made = [await _preview(means, text, sound, pace) for pace in PACES]
    except ProviderError:
        exchange.vanish()
        return
    account(means).designed |= {preview.generated_voice_id for preview in made}
    answer = wire.Designed(previews=tuple(made), text=text)
    await exchange.answer(wire.encode(answer).encode())


def _mistake(asked: wire.Design, text: str, sound: str) -> str:
    least, most = wire.DESCRIPTION_LETTERS
    shortest, longest = wire.TEXT_LETTERS
    if not least <= len(asked.voice_description) <= most:
        return f"voice_description must have {least} to {most} characters"
    if not shortest <= len(text) <= longest:
        return f"text must have {shortest} to {longest} characters, or set auto_generate_text"
    if asked.model_id not in DESIGNERS:
        return f"model_id must be one of {', '.join(DESIGNERS)}"
    if asked.stream_previews:
        return "the sandbox streams no previews"
    if sound not in FORMATS:
        return f"the sandbox sends {', '.join(FORMATS)} only: give output_format"
    return ""


async def _preview(means: Means, text: str, sound: str, pace: float) -> wire.Preview:
    audio = b"".join([piece.audio async for piece in spoken(means, text, sound, pace)])
    rate_hz, encoding = FORMATS[sound]
    return wire.Preview(
        audio_base_64=audio,
        generated_voice_id=secrets.token_hex(10),
        media_type="audio/pcm" if encoding == "linear16" else "audio/basic",
        duration_secs=len(audio) / (2 if encoding == "linear16" else 1) / rate_hz,
        language="en",
    )


async def _keep(exchange: Exchange, means: Means) -> None:
    try:
        asked = wire.decode_keep(await exchange.body())
    except RemoteProtocolError as error:
        await refuse(exchange, 422, str(error))
        return
    whose = account(means)
    if asked.generated_voice_id not in whose.designed:
        await refuse(exchange, 404, "A generated voice with this id was not found.")
        return
    whose.designed.remove(asked.generated_voice_id)
    voice = voices.Voice(
        voice_id=asked.generated_voice_id,
        name=asked.voice_name,
        category="generated",
        labels=asked.labels or {},
        description=asked.voice_description,
        is_owner=True,
    )
    whose.known[voice.voice_id] = voice
    await exchange.answer(voices.encode(voice).encode())


# --- trained ---------------------------------------------------------------------------------


async def _begin(exchange: Exchange, means: Means) -> None:
    try:
        asked = wire.decode_professional(await exchange.body())
    except RemoteProtocolError as error:
        await refuse(exchange, 422, str(error))
        return
    voice = voices.Voice(
        voice_id=secrets.token_hex(10),
        name=asked.name,
        category="professional",
        labels={**(asked.labels or {}), "language": asked.language},
        description=asked.description,
        is_owner=True,
        samples=(),
        fine_tuning=voices.Training(state={}, progress={}, message={}),
        voice_verification=voices.Verification(requires_verification=True, is_verified=False),
    )
    account(means).known[voice.voice_id] = voice
    await exchange.answer(wire.encode(wire.Begun(voice.voice_id)).encode())


async def _professional(exchange: Exchange, means: Means) -> voices.Voice | None:
    """The one that is meant; None where it was refused."""
    voice = account(means).known.get(exchange.path["voice"])
    if voice is None or voice.category != "professional":
        await refuse(exchange, 404, NO_VOICE)
        return None
    return voice


async def _samples(exchange: Exchange, means: Means) -> None:
    form = await exchange.form()
    voice = await _professional(exchange, means)
    if voice is None:
        return
    files = recordings(form, "files")
    if not files:
        await refuse(exchange, 422, "at least one recording is needed")
        return
    added = [
        voices.Sample(
            sample_id=secrets.token_hex(10),
            file_name=file.filename,
            mime_type=file.content_type,
            size_bytes=file.size,
            hash=hashlib.md5(await file.read(), usedforsecurity=False).hexdigest(),
        )
        for file in files
    ]
    samples = (*(voice.samples or ()), *added)
    account(means).known[voice.voice_id] = msgspec.structs.replace(voice, samples=samples)
    await exchange.answer(msgspec.json.encode(added))


async def _captcha(exchange: Exchange, means: Means) -> None:
    """Shows what is to be read aloud, or takes the reading."""
    form = await exchange.form() if exchange.method == "POST" else None
    voice = await _professional(exchange, means)
    if voice is None:
        return
    whose = account(means)
    if form is None:
        whose.words[voice.voice_id] = " ".join(secrets.choice("0123456789") for _ in range(6))
        await exchange.answer(wire.encode_captcha(drawn(whose.words[voice.voice_id])))
        return
    if not recordings(form, "recording"):
        await refuse(exchange, 422, "a recording is needed")
    elif voice.voice_id not in whose.words:
        await refuse(exchange, 400, "Fetch what is to be read aloud first.")
    else:
        del whose.words[voice.voice_id]
        known = voices.Verification(
            requires_verification=True, is_verified=True, verification_attempts_count=1
        )
        whose.known[voice.voice_id] = msgspec.structs.replace(voice, voice_verification=known)
        await exchange.answer(wire.encode(wire.Done()).encode())


async def _train(exchange: Exchange, means: Means) -> None:
    try:
        model = wire.decode_train(await exchange.body()).model_id or MULTILINGUAL
    except RemoteProtocolError as error:
        await refuse(exchange, 422, str(error))
        return
    voice = await _professional(exchange, means)
    if voice is None:
        return
    known, training = voice.voice_verification, voice.fine_tuning
    if not voice.samples:
        await refuse(exchange, 400, "The voice has no samples.")
    elif known is None or not known.is_verified:
        await refuse(exchange, 400, "The voice is not verified.")
    elif training is None or model not in MODELS:
        await refuse(exchange, 422, f"model_id must be one of {', '.join(MODELS)}")
    else:
        begun = _at(training, model, "queued", 0.0)
        account(means).known[voice.voice_id] = msgspec.structs.replace(voice, fine_tuning=begun)
        await exchange.answer(wire.encode(wire.Done()).encode())


def further(voice: voices.Voice) -> voices.Voice:
    """The same, when somebody looks again."""
    training = voice.fine_tuning
    for model, state in (training.state or {}).items() if training else ():
        if training is not None and state in NEXT:
            training = _at(training, model, *NEXT[state])
    return msgspec.structs.replace(voice, fine_tuning=training)


def _at(training: voices.Training, model: str, state: str, share: float) -> voices.Training:
    return msgspec.structs.replace(
        training,
        state={**(training.state or {}), model: state},
        progress={**(training.progress or {}), model: share},
    )


PROFESSIONAL: Final = "/v1/voices/pvc"
SERVED: Final = (
    ("/v1/text-to-voice/design", _design, ("POST",)),
    ("/v1/text-to-voice", _keep, ("POST",)),
    (PROFESSIONAL, _begin, ("POST",)),
    (PROFESSIONAL + "/{voice}/samples", _samples, ("POST",)),
    (PROFESSIONAL + "/{voice}/captcha", _captcha, ("GET", "POST")),
    (PROFESSIONAL + "/{voice}/train", _train, ("POST",)),
)
