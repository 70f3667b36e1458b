"""The end-of-turn model in its child process: sound in, a score out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from antiphon.media.smart_turn import EndOfTurnModel
from antiphon.net.engine import Tell, Work, find_weights

__all__ = ["Engine"]


class Engine:
    """See `antiphon.net.engine.Engine`."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        fix = "run: antiphon models pull smart-turn"
        self._model = EndOfTurnModel(find_weights(Path(settings["model"]), "*.onnx", fix))
        self._model.score(bytes(32_000))
        self.facts: Mapping[str, Any] = {}

    def work(self, work: Work, tell: Tell) -> None:
        """One answer: the score."""
        tell({"score": self._model.score(work.payload)}, b"")
