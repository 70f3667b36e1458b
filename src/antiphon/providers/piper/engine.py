"""The Piper voice in its child process: a clause in, speech and word times out.

Only this file imports ``piper`` (GPL-3.0-or-later), and only a child process imports this file.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from antiphon.errors import Missing, Rejected
from antiphon.net.engine import Tell, Work, find_weights
from antiphon.providers.piper.vocoder import Cancelled, Voice

try:
    from piper.config import PiperConfig
    from piper.voice import PiperVoice
except ModuleNotFoundError as error:
    raise Missing(
        f"the Piper voice needs the package {error.name}",
        fix="pip install 'antiphon[voice-piper]' (GPL-3.0-or-later, runs in its own process)",
    ) from None

__all__ = ["Engine"]

_PULL: Final = "run: antiphon models pull piper-joe"
# The voice speaks at -25 dBFS RMS with peaks of 0.4 to 0.7. Piper itself scales every sentence to
# full scale, which makes short clauses louder than long ones; one gain for all does not.
_GAIN: Final = 1.4
_FULL_SCALE: Final = 32767
_BOS, _EOS, _PAD = "^", "$", "_"


@dataclass(frozen=True, slots=True)
class _Sentence:
    phonemes: list[str]
    ids: list[int]


class Engine:
    """See `antiphon.net.engine.Engine`."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        file = find_weights(Path(settings["model"]), "*.onnx", _PULL)
        described = Path(f"{file}.json")
        if not described.is_file():
            raise Missing(f"no {described}", fix=_PULL)
        weights = file.read_bytes()
        self._model = Voice(weights, settings["threads"])
        config = PiperConfig.from_dict(json.loads(described.read_text(encoding="utf-8")))
        self._text = PiperVoice(session=None, config=config)  # for its phonemes only
        self._config = config
        sha = hashlib.sha256(weights).hexdigest()[:16]
        self.facts: Mapping[str, Any] = {
            "rate_hz": config.sample_rate,
            "fingerprint": f"piper-{version('piper-tts')}-{sha}-gain{_GAIN}",
            "voices": sorted(config.speaker_id_map),
        }
        for text in ("Ready.", "This sentence warms the arenas up for a longer one."):
            self.work(Work({"text": text, "speed": 1.0, "voice": ""}), lambda *_: None)

    def work(self, work: Work, tell: Tell) -> None:
        """Answers: a stretch of a sentence each. The first of a sentence has its ``words``, as
        text, first and last sample counted from the clause's beginning; the final one ``last``."""
        text = _speakable(work.fields["text"])
        sentences = self._sentences(text)
        words = _Words(text, sum(_spoken(sentence.phonemes) for sentence in sentences))
        begin = 0
        try:
            for index, sentence in enumerate(sentences):
                run = self._model.run(self._inputs(sentence.ids, work.fields), work)
                times = words.take(self._times(sentence, run.durations), begin)
                for sound, whole in run.sound:
                    last = whole and index == len(sentences) - 1
                    tell({"words": times, "last": last}, _pcm(sound))
                    begin, times = begin + len(sound), []
        except Cancelled:
            return
        if not sentences:
            tell({"words": [], "last": True}, b"")

    def _sentences(self, text: str) -> list[_Sentence]:
        groups = self._text.phonemize(text)
        known = self._config.phoneme_id_map
        groups = [[one for one in group if one in known] for group in groups]
        return [_Sentence(g, self._text.phonemes_to_ids(g)) for g in groups if _spoken(g)]

    def _inputs(self, ids: list[int], fields: Mapping[str, Any]) -> dict[str, Any]:
        config = self._config
        scales = [config.noise_scale, config.length_scale / fields["speed"], config.noise_w_scale]
        inputs: dict[str, Any] = {
            "input": np.array([ids], dtype=np.int64),
            "input_lengths": np.array([len(ids)], dtype=np.int64),
            "scales": np.array(scales, dtype=np.float32),
        }
        if config.num_speakers > 1:
            inputs["sid"] = np.array([self._speaker(fields["voice"])], dtype=np.int64)
        elif fields["voice"]:
            what = "this Piper model has one voice; leave voice empty"
            raise Rejected(what, provider="local/piper")
        return inputs

    def _speaker(self, voice: str) -> int:
        known = self._config.speaker_id_map
        if voice and voice not in known:
            what = f"no voice {voice!r}; there are {', '.join(known)}"
            raise Rejected(what, provider="local/piper")
        return known[voice] if voice else self._config.default_speaker_id

    def _times(self, sentence: _Sentence, durations: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Where each spoken word of a sentence begins and ends; empty where the model is mute."""
        ids = self._config.phoneme_id_map
        pad = len(ids[_PAD])
        counts = [len(ids[one]) + pad for one in (_BOS, *sentence.phonemes)]
        if sum(counts) + len(ids[_EOS]) != len(durations):
            return []
        ends = np.cumsum(durations * self._config.hop_length)[np.cumsum(counts) - 1]
        found: list[tuple[int, int]] = []
        open_ = False
        for index, phoneme in enumerate(sentence.phonemes):
            if not _sounds(phoneme):
                open_ = open_ and phoneme != " "
                continue
            start = found.pop()[0] if open_ else int(ends[index])
            found.append((start, int(ends[index + 1])))
            open_ = True
        return found


class _Words:
    """The words of a clause, handed out as their times become known.

    The phonemiser may run two words together or make three of a number. Then nobody knows which
    time is whose, and none are given; whoever needs them estimates.
    """

    def __init__(self, text: str, spoken: int) -> None:
        self._texts: list[str] = []
        for token in text.split():
            if any(map(str.isalnum, token)) or not self._texts:
                self._texts.append(token)
            else:
                self._texts[-1] += f" {token}"
        self._sure = len(self._texts) == spoken
        self._next = 0

    def take(self, times: list[tuple[int, int]], begin: int) -> list[tuple[str, int, int]]:
        if not self._sure or not times:
            return []
        texts = self._texts[self._next : self._next + len(times)]
        self._next += len(times)
        return [
            (text, begin + start, begin + end)
            for text, (start, end) in zip(texts, times, strict=True)
        ]


def _pcm(sound: NDArray[np.float32]) -> bytes:
    loud = np.clip(sound * (_GAIN * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE)
    return bytes(loud.astype("<i2"))


def _speakable(text: str) -> str:
    """Without what would end the phonemiser's C string, and without its own markup for phonemes,
    which no caller of ours means."""
    return "".join(one if one.isprintable() else " " for one in text).replace("[[", "[ [")


def _sounds(phoneme: str) -> bool:
    """Not a space and not punctuation; stress marks go with what follows them."""
    return phoneme.isalnum() or not phoneme.isascii()


def _spoken(phonemes: list[str]) -> int:
    """How many words a run of phonemes holds."""
    words = "".join(one if one == " " or _sounds(one) else "" for one in phonemes)
    return len(words.split())
