"""OpenAI's language models, and everybody else's who speaks the same protocol."""

from dataclasses import replace
from functools import partial
from typing import Final

from antiphon.net.offering import Offer, Order
from antiphon.providers.openai.llm import ChatModel, as_they_are, in_turns
from antiphon.providers.openai.responses import ResponsesModel
from antiphon.providers.openai.settings_llm import (
    COMPATIBLE,
    THINKS,
    ChatSettings,
    ResponsesSettings,
)

__all__ = ["OFFERS"]

KEY: Final = "COMPATIBLE_API_KEY"
"""Used where it is set: most such servers want none."""


def _chat(offer: Offer, order: Order) -> ChatModel:
    settings = order.settings(ChatSettings, account=order.account(offer), model=order.model)
    return ChatModel(order.name, settings, as_they_are, "max_completion_tokens")


def _responses(offer: Offer, order: Order) -> ResponsesModel:
    settings = order.settings(ResponsesSettings, account=order.account(offer), model=order.model)
    return ResponsesModel(order.name, settings)


def _compatible(offer: Offer, order: Order) -> ChatModel:
    account = order.account(replace(offer, key=KEY) if order.environ.get(KEY) else offer)
    settings = order.settings(ChatSettings, account=account, model=order.model)
    return ChatModel(order.name, settings, in_turns, "max_tokens")


_offer = partial(Offer, port="llm", proof="wire", sdk="openai", extra="openai")
_openai = partial(
    _offer,
    can=THINKS,
    key="OPENAI_API_KEY",
    address="OPENAI_BASE_URL",
    home="https://api.openai.com/v1",
)

OFFERS: Final = (
    _openai(name="openai/*", settings=ChatSettings, make=_chat),
    _openai(
        name="openai-responses/*",
        settings=ResponsesSettings,
        make=_responses,
        notes="the same models through the newer protocol",
    ),
    _offer(
        name="compatible/*",
        can=COMPATIBLE,
        settings=ChatSettings,
        make=_compatible,
        address="COMPATIBLE_BASE_URL",
        home="http://localhost:8000/v1",
        sandbox="/compatible/v1",
        notes="any server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama;"
        f" {KEY} is used where it is set; tools only where the server was started with them",
    ),
)
