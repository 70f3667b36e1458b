"""One tiny request to each provider of an agent: does it answer, and how soon?

Lives here: what is asked through each port, and what to do about each way to fail. Each trial
uses the real service and costs next to nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from antiphon.actions import Message
from antiphon.call.clock import LoopClock
from antiphon.errors import AtCapacity, ConfigError, ProviderError, Rejected
from antiphon.events import TranscriptChanged
from antiphon.net.offering import Offer, Order, Port
from antiphon.net.socket import together
from antiphon.ports.endpoint import EndpointModel
from antiphon.ports.llm import Asking, LanguageModel
from antiphon.ports.stt import Heard, Hearing, Recogniser
from antiphon.ports.tts import Speaking, Synthesiser

__all__ = ["Trial", "advice", "try_all"]

WITHIN_S: Final = 10.0
"""For starting and answering together."""
CLOSE_WITHIN_S: Final = 3.0
SILENCE_S: Final = 0.5
FRAME_S: Final = 0.02
WORD: Final = "Hello."


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How one provider did."""

    port: Port
    name: str
    ms: float | None = None
    """Until the answer was complete; None: there was none."""
    what: str = ""
    """What went wrong."""
    fix: str = ""

    @property
    def ok(self) -> bool:
        return self.ms is not None


async def try_all(chosen: Sequence[tuple[Offer, Order]], voice: str = "") -> list[Trial]:
    """All of them at once, in the order given. ``voice`` is what ``mouth.voice`` names, one of
    the preferred engine's."""
    preferred = next((order.name for offer, order in chosen if offer.port == "tts"), None)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_tried(offer, order, voice if order.name == preferred else ""))
            for offer, order in chosen
        ]
    return [task.result() for task in tasks]


async def _tried(offer: Offer, order: Order, voice: str) -> Trial:
    try:
        ms = await _answered(offer, order, voice)
    except TimeoutError:
        what, fix = f"no answer in {WITHIN_S:g} s", _unreachable(offer, order)
    except ProviderError as error:
        what, fix = str(error), advice(error, offer, order)
    except ConfigError as error:
        what, fix = error.what, error.fix
    except Exception as error:  # one broken engine must not hide the others
        what = f"{type(error).__name__} in the adapter"
        fix = "this is a bug in Antiphon: please report it"
    else:
        return Trial(port=offer.port, name=order.name, ms=ms)
    what = what.removeprefix(f"{order.name}: ")  # said beside it
    return Trial(port=offer.port, name=order.name, what=what, fix=fix)


def advice(error: ProviderError, offer: Offer, order: Order) -> str:
    """What to do about it."""
    match error:
        case AtCapacity(retry_after_s=after_s):
            wait = "" if after_s is None else f" in {after_s:g} s"
            return f"try again{wait}, or ask the vendor for a higher limit"
        case Rejected():
            return _refused(offer)
        case _:
            return _unreachable(offer, order)


def _refused(offer: Offer) -> str:
    if not offer.key:
        return "see what it says, and the settings under providers in the agent file"
    return (
        f"see that {offer.key} is a key of {offer.vendor} that may use this engine, and the"
        " settings under providers in the agent file"
    )


def _unreachable(offer: Offer, order: Order) -> str:
    if not offer.home and not offer.address:
        return "try again; if it stays so, look at the machine's load and memory"
    given = order.environ.get(offer.address, "") if offer.address else ""
    if given:
        return f"see that somebody answers at {given}, where {offer.address} points"
    if urlsplit(offer.home).hostname == "localhost":
        return f"start its server at {offer.home}, or say in {offer.address} where it is"
    return "look at the network and the vendor's status page"


async def _answered(offer: Offer, order: Order, voice: str) -> float:
    """Milliseconds to the answer, without starting."""
    clock = LoopClock()
    engine = offer.made(order)
    try:
        async with asyncio.timeout(WITHIN_S):
            await engine.start()
            began_s = clock.now()
            await _ASKED[offer.port](engine, voice)
            return 1000 * (clock.now() - began_s)
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await engine.aclose()


# --- what is asked ---------------------------------------------------------------------------


async def _listen(engine: Any, _: str) -> None:
    """Half a second of silence; a final reading of it."""
    recogniser = cast("Recogniser", engine)
    rate_hz = (*recogniser.rates_hz, 16_000)[0]
    final = asyncio.Event()

    def tell(heard: Heard) -> None:
        if isinstance(heard, TranscriptChanged) and heard.final:
            final.set()

    ear = recogniser.listen(Hearing(rate_hz=rate_hz), tell)

    async def ask() -> None:
        for _ in range(round(SILENCE_S / FRAME_S)):
            ear.feed(bytes(2 * round(FRAME_S * rate_hz)))
        ear.finalise(SILENCE_S)
        await final.wait()

    await together(ear.run(), ask())


async def _speak(engine: Any, voice: str) -> None:
    """One word, and all of its sound."""
    utterance = cast("Synthesiser", engine).utter(Speaking(voice=voice))
    utterance.say(WORD)
    utterance.end()
    sound = 0
    async with aclosing(cast("Any", utterance.audio())) as pieces:
        async for piece in pieces:
            sound += len(piece.pcm)
    if not sound:
        raise ProviderError("it spoke, but without a sound", provider=engine.name)


async def _think(engine: Any, _: str) -> None:
    """An answer of one token."""
    asking = Asking(messages=(Message(role="user", text="Say yes."),), max_tokens=1)
    async with aclosing(cast("Any", cast("LanguageModel", engine).answer(asking))) as pieces:
        async for _piece in pieces:
            pass


async def _score(engine: Any, _: str) -> None:
    """How finished silence sounds."""
    await cast("EndpointModel", engine).score(bytes(2 * 16_000))


_ASKED: Final[dict[Port, Callable[[Any, str], Awaitable[None]]]] = {
    "stt": _listen,
    "tts": _speak,
    "llm": _think,
    "endpoint": _score,
}
