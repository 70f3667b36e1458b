"""What a receptionist is told to say: the ``dialog`` part of an agent file."""

import re
from collections import Counter
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from antiphon.events import Expecting

__all__ = ["ReceptionistSettings", "Topic", "TroubleSettings"]

_PLACEHOLDER: Final = re.compile(r"\{\w*\}")

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Manner = Annotated[str, Field(max_length=40)]
Target = Annotated[str, Field(min_length=1, max_length=200)]
"""A number, an address, or a name that whoever connects the caller knows."""


class Topic(BaseModel):
    """Something callers ask about, and the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    """For people: what this topic is about."""
    asks: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Words or phrases that point to this topic; a phrase counts for more than a word."""
    says: Text
    """The answer, spoken as written."""
    expects: Expecting = "open"
    """What kind of answer this asks the caller for."""
    count: Annotated[int, Field(ge=0, le=40)] = 0
    """How many digits or letters, where known."""
    then: Text | None = None
    """Spoken after the caller has given what was expected; ``{answer}`` is what they said."""
    transfer: Target | None = None
    """To whom the caller is handed when they have heard ``says``."""
    manner: Manner = ""
    """In which of ``mouth.manners`` it is spoken; empty: as everything else."""
    from_now: Manner = ""
    """Everything from this answer on is spoken in this one of ``mouth.manners``; the answer itself
    as ``manner`` says, if it says anything."""

    @field_validator("then")
    @classmethod
    def _known(cls, then: str | None) -> str | None:
        """Any other name in braces would be read out as it stands."""
        if unknown := set(_PLACEHOLDER.findall(then or "")) - {"{answer}"}:
            raise ValueError(f"'then' knows {{answer}}, not {', '.join(sorted(unknown))}")
        return then

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if self.transfer and (self.then or self.expects != "open"):
            raise ValueError("with 'transfer' the caller goes, and can be asked nothing more")
        return self


class TroubleSettings(BaseModel):
    """What a caller is told when our own means fail: never a technical word. All of it is
    rendered before the first call, so that it can be said when no voice can be reached."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hearing: Text = "I'm sorry, I can't hear you properly just now. One moment, please."
    """No recogniser can be reached."""
    heard_again: Text = "I can hear you again. Could you say that once more, please?"
    """One can be reached again."""
    thinking: Text = "I'm sorry, I can't answer that just now. Could you ask me something else?"
    """No language model could answer."""
    late: Text = "I'm sorry, that is taking too long. Could you ask me again?"
    """None answered in time."""
    speaking: Text = "I'm sorry, something went wrong with the line. Could you say that again?"
    """An answer could not be spoken."""
    leaving: Text = "I'm sorry, I can't go on with this call. Please try again later. Goodbye."
    """Said before hanging up when it does not get better."""
    patience_s: Annotated[float, Field(ge=5.0, le=300.0)] = 20.0
    """How long a caller who is not understood is kept on the line."""
    transfer_to: Target | None = None
    """A person to whom a caller is handed whom we cannot understand, answer or speak to for
    good; none: they are taken leave of."""
    transferring: Text = "I'm sorry, I can't help you myself just now. I'll put you through."
    """Said before handing them over."""
    not_transferred: Text = "I'm sorry, I can't put you through just now."
    """Said to any caller who could not be handed over."""

    def phrases(self) -> tuple[str, ...]:
        """All of them."""
        return (
            self.hearing,
            self.heard_again,
            self.thinking,
            self.late,
            self.speaking,
            self.leaving,
            *((self.transferring,) if self.transfer_to else ()),
        )


class ReceptionistSettings(BaseModel):
    """A receptionist who knows a list of topics, and makes small talk about the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["receptionist"] = "receptionist"
    """Which dialog this is; there is one so far."""
    greeting: Text = "Hello, how can I help you?"
    """Said first, or right after the notice."""
    notice: Text | None = None
    """Said first and protected from interruption: a legal notice."""
    topics: tuple[Topic, ...] = ()
    """What the agent knows; of equally good matches the first listed wins."""
    small_talk: Text | None = None
    """The language model's instructions for everything else; none: say `unknown`."""
    unknown: Text = "I'm sorry, I can't help with that. Is there anything else?"
    """Said where no topic fits and there is no small talk."""
    unclear: Text = "Sorry, I didn't catch that. Could you say it again?"
    """Said when an answer failed or never came."""
    silence: Annotated[tuple[Text, ...], Field(min_length=1)] = (
        "Are you still there?",
        "I can't hear you. Is there anything I can do for you?",
    )
    """Asked in turn while the caller says nothing."""
    leaving: Text = "I can't hear anything, so I'll hang up now. Goodbye."
    """Said before hanging up on a caller who stays silent."""
    farewell_asks: tuple[Text, ...] = ("goodbye", "bye", "that's all", "hang up")
    """Words or phrases that say the caller wants to go, where no topic fits."""
    farewell: Text = "Thank you for calling. Goodbye."
    """Said to them, before hanging up."""
    filler: Text = "One moment, please."
    """Said when an answer takes long."""
    limit: Text = "I'm afraid we have to stop here. Thank you for calling. Goodbye."
    """Said when a limit of the call is reached, before hanging up."""
    trouble: TroubleSettings = TroubleSettings()
    """Said when a recogniser, a language model or a voice fails for good."""
    memory_turns: Annotated[int, Field(ge=0, le=50)] = 4
    """How many earlier turns the language model is shown at least; at most twice as many."""

    @field_validator("topics")
    @classmethod
    def _apart(cls, topics: tuple[Topic, ...]) -> tuple[Topic, ...]:
        """A log or a report that names one must mean it."""
        names = Counter(topic.name for topic in topics)
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"two topics are called {twice[0]!r}")
        return topics

    @property
    def _transfers(self) -> bool:
        return bool(self.trouble.transfer_to) or any(topic.transfer for topic in self.topics)

    def phrases(self) -> tuple[str, ...]:
        """Everything that is said as it is written here, most urgent first: worth rendering
        before the first call."""
        texts = (
            self.notice,
            self.greeting,
            self.filler,
            self.unclear,
            *self.trouble.phrases(),
            self.trouble.not_transferred if self._transfers else None,
            *self.silence,
            self.unknown if self.small_talk is None else None,
            *(topic.says for topic in self.topics),
            self.farewell,
            self.leaving,
            self.limit,
        )
        return tuple(text for text in texts if text)
