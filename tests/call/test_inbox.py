"""What a call was told and has not dealt with."""

from antiphon.call.inbox import MOST_EVENTS, Inbox
from antiphon.events import CallEnded, DigitPressed, Event, TranscriptChanged
from antiphon.testing.clock import VirtualClock


def everything(inbox: Inbox) -> list[Event]:
    return list(iter(inbox.take, None))  # type: ignore[arg-type]


def guess(number: int, *, final: bool = False) -> TranscriptChanged:
    return TranscriptChanged(segment=number, text="", start_s=0.0, end_s=0.0, final=final)


def test_facts_come_out_in_order() -> None:
    inbox = Inbox()
    for digit in "123":
        inbox.put(DigitPressed(digit=digit))
    assert [event.digit for event in everything(inbox)] == list("123")  # type: ignore[union-attr]
    assert inbox.take() is None


def test_nothing_is_taken_in_after_the_end() -> None:
    inbox = Inbox()
    ended = CallEnded(by="caller")
    inbox.put(ended)
    inbox.put(DigitPressed(digit="1"))
    inbox.put(CallEnded(by="agent"))
    assert everything(inbox) == [ended]


def test_the_oldest_guess_makes_room() -> None:
    inbox = Inbox()
    inbox.put(guess(0, final=True))
    for number in range(1, MOST_EVENTS + 1):
        inbox.put(guess(number))
    kept = [event.segment for event in everything(inbox)]  # type: ignore[union-attr]
    assert kept == [0, *range(2, MOST_EVENTS + 1)]


def test_too_many_facts_are_the_end_and_none_of_them_is_forgotten() -> None:
    inbox = Inbox()
    for _ in range(MOST_EVENTS + 5):
        inbox.put(guess(1, final=True))
    kept = everything(inbox)
    assert len(kept) == MOST_EVENTS + 1
    assert kept[-1] == CallEnded(by="failure", reason="overwhelmed")


def test_the_end_is_taken_in_even_when_it_is_full() -> None:
    inbox = Inbox()
    for _ in range(MOST_EVENTS):
        inbox.put(guess(1, final=True))
    inbox.put(CallEnded(by="caller"))
    assert everything(inbox)[-1] == CallEnded(by="caller")


def test_the_reader_wakes_for_a_fact_a_nudge_or_the_time() -> None:
    async def main(clock: VirtualClock) -> list[float]:
        import asyncio

        loop, inbox, woken = asyncio.get_running_loop(), Inbox(), []
        loop.call_later(1.0, inbox.put, DigitPressed(digit="1"))
        loop.call_later(1.0, inbox.wake)
        await inbox.wait(None)
        woken.append(clock.now())
        await inbox.wait(None)  # there is one to take
        inbox.take()
        loop.call_later(1.0, inbox.wake)
        await inbox.wait(5.0)
        woken.append(clock.now())
        await inbox.wait(0.5)
        woken.append(clock.now())
        inbox.wake()  # nobody waits
        await inbox.wait(0.25)
        return [*woken, clock.now()]

    assert VirtualClock().run(main) == [1.0, 2.0, 2.5, 2.75]
