"""The whisper.cpp adapter against the sandbox: what is sent when, and whatever goes wrong."""

import asyncio
import itertools
import logging
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from tests.providers.stage import SAYS, Ear, listening, silence, sound
from tests.providers.vanishing import heard_across_a_loss

from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.net.wav import from_wav
from antiphon.providers.whispercpp.settings import WhisperCppSettings
from antiphon.providers.whispercpp.stt import WhisperCppRecogniser
from antiphon.sandbox.ears import Said
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.record import Request
from antiphon.sandbox.server import Sandbox

SPEECH = silence(0.3) + sound(1.2) + silence(0.3)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(says=SAYS) as running:
        yield running


def whisper(url: str, **other: object) -> WhisperCppRecogniser:
    settings = WhisperCppSettings.model_validate({"account": {"base_url": url}, **other})
    return WhisperCppRecogniser(settings)


def speak(ear: Ear) -> None:
    """One utterance, all at once."""
    ear.recognition.feed(SPEECH)
    ear.recognition.voice(SpeechStarted(at_s=0.3))
    ear.recognition.voice(SpeechStopped(at_s=1.5))


async def lost(engine: WhisperCppRecogniser) -> ProviderError:
    ear = Ear(engine)
    speak(ear)
    ear.recognition.finalise(1.5)
    try:
        async with asyncio.timeout(5):
            await ear.recognition.run()
    except ProviderError as error:
        return error
    finally:
        await engine.aclose()
    raise AssertionError("it ended as if all were well")


def form(request: Request) -> dict[str, str | bytes]:
    """The fields that were sent; the file under its own name."""
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.audio("client"))
    fields: dict[str, str | bytes] = {}
    for part in message.iter_parts():
        name = part.get_filename() or part.get_param("name", header="content-disposition")
        body = part.get_payload(decode=True)
        fields[str(name)] = body if part.get_filename() else body.decode()
    return fields


async def test_the_utterance_goes_out_as_a_file_with_its_wishes(sandbox: Sandbox) -> None:
    engine = whisper(sandbox.http_url)
    async with listening(engine, language="en-GB", keyterms=("Beckett", "Godot")) as ear:
        speak(ear)
        ear.recognition.finalise(1.5)
        await ear.until("final")
    await engine.aclose()
    sent = form(sandbox.requests[0])
    name = next(key for key in sent if key.endswith("-0.wav"))
    pcm, rate_hz = from_wav(bytes(sent[name]))  # type: ignore[arg-type]
    assert rate_hz == 16_000
    assert SPEECH.startswith(pcm)
    assert sent["response_format"] == "verbose_json"
    assert (sent["language"], sent["prompt"]) == ("en", "Beckett, Godot")
    assert ear.final == SAYS[0]
    words = ear.texts[-1].words
    assert 0.2 < words[0].start_s < words[-1].end_s < 1.7


async def test_the_utterance_is_read_again_while_speech_goes_on(sandbox: Sandbox) -> None:
    engine = whisper(sandbox.http_url, first_partial_s=0.3, partial_every_s=0.4)
    async with listening(engine) as ear:
        for at in range(0, len(SPEECH), 640):
            ear.recognition.feed(SPEECH[at : at + 640])
            if at == 640 * 16:
                ear.recognition.voice(SpeechStarted(at_s=0.3))
            await asyncio.sleep(0.01)
        ear.recognition.voice(SpeechStopped(at_s=1.5))
        ear.recognition.finalise(1.5)
        await ear.until("final")
    await engine.aclose()
    assert len([told for told in ear.texts if not told.final and told.text]) >= 2
    lengths = [len(request.audio("client")) for request in sandbox.requests]
    assert lengths == sorted(lengths)


async def test_requests_are_made_one_at_a_time_whoever_calls(sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(connect_s=0.1), times=None)
    engine = whisper(sandbox.http_url)

    async def call() -> str | None:
        async with listening(engine) as ear:
            speak(ear)
            ear.recognition.finalise(1.5)
            await ear.until("final")
            return ear.final

    assert await asyncio.gather(*(call() for _ in range(3))) == [SAYS[0]] * 3
    await engine.aclose()
    begun = [request.at_s for request in sandbox.requests]
    assert all(later - earlier >= 0.1 for earlier, later in itertools.pairwise(begun))


@pytest.mark.parametrize(
    "fault, kind",
    [
        (Fault(refuse=400), Rejected),
        (Fault(refuse=429, retry_after_s=7), AtCapacity),
        (Fault(refuse=500), Unavailable),
        (Fault(vanish=True), Unavailable),
        (Fault(malformed=True, after=1), Unavailable),
        (Fault(stall=True), TimedOut),
    ],
    ids=str,
)
async def test_a_failure_is_one_of_ours(
    fault: Fault, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    sandbox.rules.add(fault)
    error = await lost(whisper(sandbox.http_url, answer_within_s=0.3))
    assert type(error) is kind, error
    assert error.provider == "whispercpp/server"


async def test_it_is_warmed_at_the_start_and_may_be_away(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    engine = whisper(sandbox.http_url)
    await engine.start()
    await engine.aclose()
    assert [request.path for request in sandbox.requests] == ["/inference"]
    with Sandbox() as gone:
        engine = whisper(gone.http_url)
    with caplog.at_level(logging.WARNING):
        await engine.start()
    assert "will be tried again" in caplog.text
    assert isinstance(await lost(engine), Unavailable)


async def test_a_start_that_is_refused_is_said(sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(refuse=400))
    engine = whisper(sandbox.http_url)
    with pytest.raises(Rejected):
        await engine.start()
    await engine.aclose()


async def test_a_call_loses_and_doubles_no_word_when_its_server_vanishes(sandbox: Sandbox) -> None:
    engine = whisper(sandbox.http_url)

    def vanish() -> None:
        sandbox.rules.add(Fault(vanish=True))

    assert await heard_across_a_loss(engine, vanish) == (SAYS[0], 1)
    await engine.aclose()


@pytest.mark.parametrize(
    "heard, read_in, told", [("es", ["auto"], "es"), ("cy", ["auto", "en"], "en")]
)
async def test_a_guess_that_nobody_speaks_is_read_again_in_the_agents_language(
    heard: str, read_in: list[str], told: str
) -> None:
    with Sandbox(says=[Said(text=SAYS[0], language=heard)]) as sandbox:
        engine = whisper(sandbox.http_url)
        async with listening(engine, detect=("en", "es")) as ear:
            speak(ear)
            ear.recognition.finalise(1.5)
            await ear.until("final")
        await engine.aclose()
        assert [form(request)["language"] for request in sandbox.requests] == read_in
    assert (ear.final, ear.texts[-1].language) == (SAYS[0], told)
