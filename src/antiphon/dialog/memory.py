"""What a dialog remembers of its call: each turn, and what of the answer the caller heard. Pure.

Functions from one memory to the next, so that a copy of a dialog shares what it remembers.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

from antiphon.actions import Message

__all__ = ["Exchange", "Memory", "amended", "answering", "began", "heard", "messages"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn as it is remembered: what the caller said, what they heard in answer."""

    turn: int
    said: str
    heard: str = ""
    reply: int | None = None
    """Our answer. Nothing else we say is remembered: greetings and prompts answer nobody."""


Memory: TypeAlias = tuple[Exchange, ...]


def began(memory: Memory, turn: int, text: str) -> Memory:
    """A turn, in place of an earlier reading of it."""
    return (*(past for past in memory if past.turn != turn), Exchange(turn, text))


def answering(memory: Memory, reply: int) -> Memory:
    """``reply`` is the answer to the turn remembered last."""
    return (*memory[:-1], replace(memory[-1], reply=reply))


def heard(memory: Memory, reply: int, text: str) -> Memory:
    """What was heard belongs to the turn it answers, however late we are told."""
    return tuple(replace(past, heard=text) if past.reply == reply else past for past in memory)


def amended(memory: Memory, turn: int, text: str) -> Memory:
    """The turn was understood better."""
    return tuple(replace(past, said=text) if past.turn == turn else past for past in memory)


def messages(memory: Memory, system: str) -> tuple[Message, ...]:
    """All of it as a language model is shown it."""
    found = [Message(role="system", text=system)]
    for past in memory:
        found.append(Message(role="user", text=past.said))
        if past.heard:
            found.append(Message(role="assistant", text=past.heard))
    return tuple(found)
