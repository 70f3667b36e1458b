"""A Piper voice's ONNX file, and how to make it tell when it says what.

Lives here: bytes of the file. Must not live here: ``piper`` (see `engine`), text.
"""

import re
from typing import Final

__all__ = ["with_durations"]

_DURATIONS: Final = re.compile(rb"/[\w/.]*Ceil_output_0")
_MODEL_GRAPH, _GRAPH_OUTPUT, _OUTPUT_NAME = 7, 12, 1
_LENGTH_DELIMITED: Final = 2


def with_durations(model: bytes) -> tuple[bytes, bool]:
    """The model with one more output, how many hops of audio each phoneme takes, and whether
    that worked.

    The graph rounds those durations up in one place, and the tensor is named after that. Two
    protobuf messages in a row read as their union, so naming an output means appending its name.
    """
    names = set(_DURATIONS.findall(model))
    if len(names) != 1:
        return model, False
    output = _field(_GRAPH_OUTPUT, _field(_OUTPUT_NAME, names.pop()))
    return model + _field(_MODEL_GRAPH, output), True


def _field(number: int, payload: bytes) -> bytes:
    """A length-delimited protobuf field; no payload here is longer than one byte can say."""
    assert len(payload) < 128
    return bytes((number << 3 | _LENGTH_DELIMITED, len(payload))) + payload
