"""What is owed comes in time, is postponed, or is late."""

import asyncio
from collections.abc import Callable

import pytest

from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.net.owed import Owed


async def _never() -> None:
    await asyncio.get_running_loop().create_future()


async def _watched(owed: Owed, late: Callable[[], None]) -> None:
    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(2):
            await owed.watch(_never, late)


async def test_nothing_is_late_while_nothing_is_owed() -> None:
    owed = Owed(0.01)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await owed.watch(_never, lambda: pytest.fail("late"))
    with pytest.raises(TypeError):
        owed.paid()


async def test_late_may_postpone_once_and_pay_then() -> None:
    owed, paid = Owed(0.01), []

    def late() -> None:
        if not owed.postponed:
            owed.postpone(0.01)
            return
        paid.append(owed.paid())
        raise ZeroDivisionError

    owed.ask(1.5)
    owed.ask(1.0)
    await _watched(owed, late)
    assert paid == [1.5]
    assert owed.until_s is None


async def test_audio_that_waits_is_allowed_for() -> None:
    owed = Owed(0.01)
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    def late() -> None:
        raise ZeroDivisionError

    owed.ask(1.0, behind_s=0.1)
    await _watched(owed, late)
    assert loop.time() - began_s >= 0.1


async def test_amid_speech_asking_is_put_off_until_it_ends() -> None:
    owed = Owed(1.0)
    assert not owed.put_off(1.0), "nobody says that somebody speaks"
    owed.voice(SpeechStarted(at_s=1.0))
    assert owed.talking
    assert owed.put_off(1.4)
    assert owed.put_off(1.2)
    assert owed.until_s is None
    assert owed.voice(SpeechStopped(at_s=1.5)) == 1.4
    assert not owed.talking
    assert owed.voice(SpeechStopped(at_s=1.5)) is None
    assert not owed.put_off(1.5)


async def test_a_voice_that_never_pauses_is_not_waited_for() -> None:
    owed = Owed(1.0)
    owed.voice(SpeechStarted(at_s=0.0))
    assert owed.put_off(9.0)
    assert not owed.put_off(11.0)
