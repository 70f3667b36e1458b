"""ElevenLabs' voice against the sandbox, and against vendors that do as they like."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest
from tests.providers.elevenlabs_stage import Texts, audio, final, vendor
from tests.providers.stage import (
    CLAUSE,
    KEY,
    SOCKET_FAULTS,
    account,
    failed_reply,
    seconds,
    shows_its_key_to_nobody,
)
from websockets.asyncio.server import ServerConnection

from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.net.account import Account
from antiphon.net.offering import Order
from antiphon.ports.tts import Speaking, Spoken
from antiphon.providers.elevenlabs.offer import OFFERS
from antiphon.providers.elevenlabs.settings import SpeechSettings
from antiphon.providers.elevenlabs.tts import SpeechSynthesiser, SpeechUtterance
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_tts import speak


def voice(where: Sandbox | Account, **other: object) -> SpeechSynthesiser:
    whose = where if isinstance(where, Account) else account(where)
    settings = SpeechSettings.model_validate({"account": whose, **other})
    return SpeechSynthesiser("elevenlabs/flash", settings)


def said(sandbox: Sandbox, number: int = -1) -> list[dict[str, Any]]:
    """What the client said on a connection."""
    return [json.loads(text) for text in sandbox.requests[number].texts("client")]


def ended(pieces: Sequence[Spoken]) -> list[int]:
    return [piece.clause for piece in pieces if piece.last]


def begun(engine: SpeechSynthesiser, *clauses: str) -> SpeechUtterance:
    utterance = engine.utter(Speaking())
    for clause in clauses:
        utterance.say(clause)
    return utterance


async def all_of(utterance: SpeechUtterance) -> list[Spoken]:
    utterance.end()
    async with asyncio.timeout(8):
        return [piece async for piece in utterance.audio()]


# --- against the sandbox -----------------------------------------------------------------------


async def test_what_is_asked_for_is_in_the_opening_and_the_context(sandbox: Sandbox) -> None:
    engine = voice(sandbox, output_format="ulaw_8000", stability=0.4, inactivity_s=30)
    utterance = engine.utter(Speaking(voice="21m00Tcm4TlvDq8ikWAM", speed=9.0, language="de-AT"))
    utterance.say(CLAUSE)
    pieces = await all_of(utterance)
    assert ended(pieces) == [0]
    assert engine.rate_hz == 8000
    request = sandbox.requests[0]
    assert request.path == "/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM/multi-stream-input"
    assert dict(request.query) == {
        "model_id": "eleven_flash_v2_5",
        "output_format": "ulaw_8000",
        "language_code": "de",
        "sync_alignment": "true",
        "auto_mode": "true",
        "inactivity_timeout": "30",
        "apply_text_normalization": "auto",
        "enable_logging": "true",
    }
    assert said(sandbox) == [
        {"text": " ", "context_id": "c1", "voice_settings": {"stability": 0.4, "speed": 1.2}},
        {"text": f"{CLAUSE} ", "context_id": "c1", "flush": True},
        {"context_id": "c1", "close_context": True},
    ]
    await engine.aclose()


async def test_multilingual_is_another_model_and_hears_the_language_itself(
    sandbox: Sandbox,
) -> None:
    offer = next(offer for offer in OFFERS if offer.name == "elevenlabs/multilingual")
    environ = {offer.key: KEY, offer.address: sandbox.http_url}
    order = Order(name=offer.name, environ=environ, models=lambda _: pytest.fail("no model"))
    engine = offer.made(order)
    assert ended(await speak(engine, CLAUSE)) == [0]
    query = dict(sandbox.requests[0].query)
    assert (query["model_id"], query.get("language_code")) == ("eleven_multilingual_v2", None)
    await engine.aclose()


async def test_clauses_of_one_reply_share_a_context_and_replies_a_connection(
    sandbox: Sandbox,
) -> None:
    engine = voice(sandbox)
    await engine.start()
    for _ in range(3):
        assert ended(await speak(engine, CLAUSE, "Until then!", CLAUSE)) == [0, 1, 2]
    both = await asyncio.gather(speak(engine, CLAUSE), speak(engine, CLAUSE, CLAUSE))
    assert [ended(pieces) for pieces in both] == [[0], [0, 1]]
    assert len(sandbox.requests) == 1
    contexts = {message["context_id"] for message in said(sandbox)}
    assert contexts == {"c1", "c2", "c3", "c4", "c5"}
    await engine.aclose()


async def test_words_lie_in_their_clauses(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    pieces = await speak(engine, CLAUSE, "Bye — for now!")
    for clause, text in enumerate((CLAUSE, "Bye — for now!")):
        words = [word for piece in pieces if piece.clause == clause for word in piece.words]
        assert [word.text for word in words] == text.split()
        made = sum(len(piece.pcm) // 2 for piece in pieces if piece.clause == clause)
        assert 0.5 * made < words[-1].end <= made
    await engine.aclose()


async def test_interruptions_never_open_a_sixth_context(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    for _ in range(8):
        stream = begun(engine, CLAUSE, CLAUSE).audio()
        async with aclosing(stream):  # type: ignore[type-var]
            await anext(stream)
    assert seconds(await speak(engine, CLAUSE), engine) > 1.0
    assert not [r for r in sandbox.requests if r.ended == "vendor 1008"]
    closed = [m["context_id"] for n in range(len(sandbox.requests)) for m in said(sandbox, n)]
    assert closed.count("c1") >= 4  # its settings, two clauses, its end
    await engine.aclose()


async def test_more_than_five_at_once_take_another_connection(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    spoken = await asyncio.gather(*(speak(engine, CLAUSE, CLAUSE) for _ in range(7)))
    assert all(ended(pieces) == [0, 1] for pieces in spoken)
    assert len(sandbox.requests) == 2
    await speak(engine, CLAUSE)
    assert len(sandbox.requests) == 2
    await engine.aclose()


async def test_a_reply_that_pauses_is_kept_alive(sandbox: Sandbox) -> None:
    engine = voice(sandbox, keep_alive_s=0.3, inactivity_s=1)
    utterance = begun(engine, CLAUSE)
    stream = utterance.audio()
    async with aclosing(stream):  # type: ignore[type-var]
        while not (await anext(stream)).last:
            pass
        going_on = asyncio.ensure_future(anext(stream))
        await asyncio.wait([going_on], timeout=1.5)
        utterance.say(CLAUSE)
        assert (await going_on).clause == 1
    assert {"text": "", "context_id": "c1"} in said(sandbox)
    assert {message["context_id"] for message in said(sandbox)} == {"c1"}
    await engine.aclose()


async def test_one_that_broke_meanwhile_is_not_used_again(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    await speak(engine, CLAUSE)
    sandbox.vanish()
    await asyncio.sleep(0.1)
    assert seconds(await speak(engine, CLAUSE), engine) > 1.0
    assert len(sandbox.requests) == 2
    await engine.aclose()


@pytest.mark.parametrize("fault, kind", SOCKET_FAULTS, ids=str)
async def test_a_failure_is_one_of_ours_and_the_next_reply_is_whole(
    fault: Fault, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    error = await failed_reply(voice(sandbox, audio_within_s=0.5, doubt_s=0.2), sandbox, fault)
    assert type(error) is kind
    assert error.provider == "elevenlabs/flash"


async def test_a_failure_reaches_all_who_share_the_connection(sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(vanish=True, after=6))
    engine = voice(sandbox)
    results = await asyncio.gather(
        *(speak(engine, CLAUSE, CLAUSE) for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(result, Unavailable) for result in results)
    await engine.aclose()


async def test_a_wrong_key_is_found_at_the_start(sandbox: Sandbox) -> None:
    with pytest.raises(Rejected, match="HTTP 401"):
        await voice(account(sandbox, api_key="another-secret")).start()
    with Sandbox() as gone:
        away = voice(gone)
    await away.start()


async def test_the_key_is_nowhere_to_be_seen(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    await shows_its_key_to_nobody(voice(sandbox), sandbox, caplog)


def test_what_changes_the_sound_is_in_the_fingerprint(sandbox: Sandbox) -> None:
    one = voice(sandbox)
    for other in ({"model_id": "eleven_turbo_v2_5"}, {"style": 0.3}, {"voice": "x"}):
        assert voice(sandbox, **other).fingerprint != one.fingerprint


# --- against vendors that do as they like ------------------------------------------------------


async def test_characters_that_do_not_add_up_cost_a_context_and_nothing_else() -> None:
    seen: list[dict[str, Any]] = []

    async def handle(socket: ServerConnection) -> None:
        texts = Texts(socket)
        texts.all = seen
        context = (await texts.until("flush"))["context_id"]
        await socket.send(audio(context, "It costs five dollars. "))
        assert (await texts.until("close_context"))["context_id"] == context
        await socket.send(audio(context, "", seconds=0.2))
        await socket.send(final(context))
        context = (await texts.until("flush"))["context_id"]
        await socket.send(audio(context, "Thanks. "))
        await texts.until("close_context")
        await socket.send(final(context))

    async with vendor(handle) as whose:
        engine = voice(whose, output_format="pcm_8000", doubt_s=0.1)
        utterance = begun(engine, "It costs $5.")
        stream = utterance.audio()
        got: list[Spoken] = []
        async with aclosing(stream), asyncio.timeout(5):  # type: ignore[type-var]
            while not ended(got):
                got.append(await anext(stream))
            utterance.say("Thanks.")
            utterance.end()
            got += [piece async for piece in stream]
        await engine.aclose()
    assert ended(got) == [0, 1]
    assert seconds([p for p in got if p.clause == 0], engine) == pytest.approx(23 * 0.05 + 0.2)
    assert not [word for p in got if p.clause == 0 for word in p.words]
    assert [m["text"] for m in seen if m.get("flush")] == ["It costs $5. ", "Thanks. "]
    assert len({m["context_id"] for m in seen}) == 2


async def test_without_any_characters_the_reply_is_whole_all_the_same() -> None:
    async def handle(socket: ServerConnection) -> None:
        texts = Texts(socket)
        context = (await texts.until("flush"))["context_id"]
        for _ in range(3):
            await socket.send(audio(context, "", seconds=0.3, alignment=None))
        await texts.until("close_context")
        await socket.send(audio(context, "", seconds=0.3, alignment=None))
        await socket.send(json.dumps({"is_final": True, "context_id": context}))

    async with vendor(handle) as whose:
        engine = voice(whose, output_format="pcm_8000")
        pieces = await all_of(begun(engine, "One two three.", "Four five six."))
        await engine.aclose()
    assert ended(pieces) == [0, 1]
    assert seconds(pieces, engine) == pytest.approx(1.2)


async def test_a_context_that_never_ends_is_left_for_another() -> None:
    seen: list[dict[str, Any]] = []

    async def handle(socket: ServerConnection) -> None:
        texts = Texts(socket)
        texts.all = seen
        context = (await texts.until("flush"))["context_id"]
        await socket.send(audio(context, "Let me "))
        await texts.until("close_context")
        await socket.send(audio(context, "see. "))
        context = (await texts.until("flush"))["context_id"]
        await socket.send(audio(context, "Yes. "))
        await texts.until("close_context")
        await socket.send(final(context))

    async with vendor(handle) as whose:
        engine = voice(whose, output_format="pcm_8000", doubt_s=0.1)
        utterance = begun(engine, "Let me see.")
        stream = utterance.audio()
        got: list[Spoken] = []
        async with aclosing(stream), asyncio.timeout(5):  # type: ignore[type-var]
            while not ended(got):
                got.append(await anext(stream))
            utterance.say("Yes.")
            utterance.end()
            got += [piece async for piece in stream]
        await engine.aclose()
    assert ended(got) == [0, 1]
    assert [m["context_id"] for m in seen if m.get("flush")] == ["c1", "c2"]


async def test_nothing_is_said_into_a_context_that_is_ending() -> None:
    seen: list[dict[str, Any]] = []

    async def handle(socket: ServerConnection) -> None:
        texts = Texts(socket)
        texts.all = seen
        for _ in range(2):
            context = (await texts.until("flush"))["context_id"]
            await socket.send(audio(context, "", seconds=0.3, alignment=None))
            await texts.until("close_context")
            await socket.send(audio(context, "", seconds=0.3, alignment=None))
            await socket.send(final(context))

    async with vendor(handle) as whose:
        engine = voice(whose, output_format="pcm_8000", doubt_s=0.05)
        pieces = await all_of(begun(engine, "One.", "Two.", "...", "Three."))
        await engine.aclose()
    assert ended(pieces) == [0, 1, 2, 3]
    said_in = [(m["context_id"], m["text"]) for m in seen if m.get("flush")]
    assert said_in == [("c1", "One. "), ("c1", "Two. "), ("c2", "Three. ")]


async def test_what_is_said_while_a_context_ends_waits_for_the_next() -> None:
    asked_to_end, go_on = asyncio.Event(), asyncio.Event()
    seen: list[dict[str, Any]] = []

    async def handle(socket: ServerConnection) -> None:
        texts = Texts(socket)
        texts.all = seen
        context = (await texts.until("flush"))["context_id"]
        await socket.send(audio(context, "", seconds=0.3, alignment=None))
        await texts.until("close_context")
        asked_to_end.set()
        await go_on.wait()
        await socket.send(audio(context, "", seconds=0.3, alignment=None))
        await socket.send(final(context))
        context = (await texts.until("flush"))["context_id"]
        await socket.send(audio(context, "Two. "))
        await texts.until("close_context")
        await socket.send(final(context))

    async with vendor(handle) as whose:
        engine = voice(whose, output_format="pcm_8000", doubt_s=0.05, keep_alive_s=0.05)
        utterance = engine.utter(Speaking())
        async with asyncio.TaskGroup() as group:
            spoken = group.create_task(_listened(utterance))
            await asyncio.wait([spoken], timeout=0.15)  # there is no context to keep alive yet
            utterance.say("One.")
            await asked_to_end.wait()
            for clause in ("Two.", "..."):
                utterance.say(clause)
            utterance.end()
            go_on.set()
        await engine.aclose()
    assert ended(spoken.result()) == [0, 1, 2]
    assert [m["context_id"] for m in seen if m.get("flush")] == ["c1", "c2"]


async def _listened(utterance: SpeechUtterance) -> list[Spoken]:
    async with asyncio.timeout(5):
        return [piece async for piece in utterance.audio()]


async def test_an_end_in_the_middle_is_a_failure() -> None:
    async def handle(socket: ServerConnection) -> None:
        context = (await Texts(socket).until("flush"))["context_id"]
        await socket.send(audio(context, "We are "))
        await socket.send(final(context))
        await socket.wait_closed()

    async with vendor(handle) as whose:
        engine = voice(whose, output_format="pcm_8000")
        with pytest.raises(Unavailable, match="in the middle"):
            await _listened(begun(engine, CLAUSE))
        await engine.aclose()


async def test_so_is_a_connection_lost_before_the_reply_is_known_to_end() -> None:
    async def handle(socket: ServerConnection) -> None:
        context = (await Texts(socket).until("flush"))["context_id"]
        await socket.send(audio(context, "We are "))
        socket.transport.abort()

    async with vendor(handle) as whose:
        engine = voice(whose, output_format="pcm_8000")
        with pytest.raises(Unavailable, match="without a word"):
            await _listened(begun(engine, CLAUSE))
        await engine.aclose()


async def test_normalised_characters_do_where_there_are_no_others() -> None:
    async def handle(socket: ServerConnection) -> None:
        texts = Texts(socket)
        context = (await texts.until("flush"))["context_id"]
        message = json.loads(audio(context, " Yes. "))
        message["normalizedAlignment"] = message.pop("alignment")
        await socket.send(json.dumps(message))
        await texts.until("nothing more")

    async with vendor(handle) as whose:
        engine = voice(whose, output_format="pcm_8000")
        stream = begun(engine, "Yes.").audio()
        async with aclosing(stream), asyncio.timeout(5):  # type: ignore[type-var]
            got = [await anext(stream), await anext(stream)]
        await engine.aclose()
    assert got[-1].last
    assert [word.text for piece in got for word in piece.words] == ["Yes."]


async def test_an_end_without_the_last_space_settles() -> None:
    async def handle(socket: ServerConnection) -> None:
        texts = Texts(socket)
        context = (await texts.until("flush"))["context_id"]
        await socket.send(audio(context, "Yes."))
        await texts.until("nothing more")

    async with vendor(handle) as whose:
        engine = voice(whose, output_format="pcm_8000", settle_s=0.05)
        stream = begun(engine, "Yes.").audio()
        async with aclosing(stream), asyncio.timeout(5):  # type: ignore[type-var]
            got = [await anext(stream), await anext(stream)]
        await engine.aclose()
    assert [piece.last for piece in got] == [False, True]


async def test_a_vendor_that_never_tells_the_end_is_not_waited_for_long() -> None:
    async def handle(socket: ServerConnection) -> None:
        texts = Texts(socket)
        context = (await texts.until("flush"))["context_id"]
        await socket.send(audio(context, "Yes. "))
        await texts.until("nothing more")

    async with vendor(handle) as whose:
        engine = voice(whose, output_format="pcm_8000", doubt_s=0.1, audio_within_s=60)
        assert ended(await all_of(begun(engine, "Yes."))) == [0]
        await engine.aclose()


async def test_what_a_context_never_got_is_said_in_another() -> None:
    async def handle(socket: ServerConnection) -> None:
        texts = Texts(socket)
        context = (await texts.until("flush"))["context_id"]
        await socket.send(audio(context, "Yes. "))
        await socket.send(final(context))  # for whatever reason
        assert (await texts.until("flush"))["text"] == "Again. "
        again = await texts.until("flush")
        assert again["text"] == "Again. "
        await socket.send(audio(again["context_id"], "Again. "))
        await texts.until("close_context")
        await socket.send(final(again["context_id"]))

    async with vendor(handle) as whose:
        engine = voice(whose, output_format="pcm_8000")
        utterance = begun(engine, "Yes.")
        stream = utterance.audio()
        got: list[Spoken] = []
        async with aclosing(stream), asyncio.timeout(5):  # type: ignore[type-var]
            while not ended(got):
                got.append(await anext(stream))
            utterance.say("Again.")
            utterance.end()
            got += [piece async for piece in stream]
        await engine.aclose()
    assert ended(got) == [0, 1]
    assert seconds([p for p in got if p.clause == 1], engine) == pytest.approx(7 * 0.05)


async def test_an_end_without_a_sound_is_a_failure() -> None:
    async def handle(socket: ServerConnection) -> None:
        texts = Texts(socket)
        await socket.send(final((await texts.until("flush"))["context_id"]))
        await texts.until("nothing more")

    async with vendor(handle) as whose:
        engine = voice(whose)
        with pytest.raises(Unavailable, match="without speaking"):
            await all_of(begun(engine, CLAUSE))
        await engine.aclose()


ERRORS = [
    ("max_active_conversations", 1008, AtCapacity),
    ("quota_exceeded", 1008, AtCapacity),
    ("invalid_api_key", 1008, Rejected),
    ("voice_id_does_not_exist", 1008, Rejected),
    ("input_timeout_exceeded", 1008, TimedOut),
    ("something_new", 1008, Rejected),
    ("something_new", None, Unavailable),
]


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("error, code, kind", ERRORS)
async def test_an_error_message_is_one_of_ours(
    error: str, code: int | None, kind: type[ProviderError], named: bool
) -> None:
    async def handle(socket: ServerConnection) -> None:
        context = (await Texts(socket).until("flush"))["context_id"]
        message = {"message": "it is so", "error": error, "code": code}
        await socket.send(json.dumps(message | ({"contextId": context} if named else {})))
        await socket.close(1008)

    async with vendor(handle) as whose:
        engine = voice(whose)
        with pytest.raises(ProviderError, match=error) as caught:
            await all_of(begun(engine, CLAUSE))
        assert type(caught.value) is kind
        await engine.aclose()


async def test_an_error_about_what_was_interrupted_harms_nobody_else() -> None:
    connections = 0

    async def handle(socket: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        texts = Texts(socket)
        first = (await texts.until("flush"))["context_id"]
        await socket.send(audio(first, CLAUSE))
        await texts.until("close_context")
        error = {"message": "is closed", "error": "context_closed", "contextId": first}
        await socket.send(json.dumps(error))
        second = (await texts.until("flush"))["context_id"]
        await socket.send(audio(second, CLAUSE))
        await socket.send(final(second))
        await texts.until("nothing more")

    async with vendor(handle) as whose:
        engine = voice(whose)
        async with aclosing(begun(engine, CLAUSE).audio()) as interrupted:
            assert (await anext(interrupted)).pcm
        assert ended(await all_of(begun(engine, CLAUSE))) == [0]
        await engine.aclose()
    assert connections == 1


async def test_a_binary_frame_is_no_message() -> None:
    async def handle(socket: ServerConnection) -> None:
        await Texts(socket).until("flush")
        await socket.send(b"\x00\x00")
        await socket.wait_closed()

    async with vendor(handle) as whose:
        engine = voice(whose)
        with pytest.raises(Unavailable, match="binary"):
            await all_of(begun(engine, CLAUSE))
        await engine.aclose()
