"""A Piper voice's ONNX file, cut in two so that a clause is heard before all of it is made.

A voice is one graph, yet two models: the first turns phonemes into frames of 11.6 ms and knows how
long each phoneme lasts, the second turns frames into sound and takes two thirds of the time. The
second looks no further than `CONTEXT_FRAMES` around a frame, so it may be run a stretch at a time.

Lives here: bytes of the file, which is a protobuf message. Must not live here: ``piper``, running.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = ["CONTEXT_FRAMES", "Halves", "halves", "with_durations"]

CONTEXT_FRAMES: Final = 10
"""Measured on en_US-joe-medium: with 8 frames on either side the sound differs by up to 1e-3, with
10 or more by 4e-7, which is what two ways of adding the same numbers differ by."""

_DURATIONS: Final = re.compile(rb"/[\w/.]*Ceil_output_0")
_DECODER: Final = b"/dec/"
_SOUND: Final = b"output"

_MODEL_GRAPH: Final = 7
_NODE, _NAME, _INITIALIZER, _INPUT, _OUTPUT = 1, 2, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME = 1, 2, 3
_INITIALIZER_NAME, _VALUE_NAME, _VALUE_TYPE = 8, 1, 2
_FLOAT_OF_ANY_SHAPE: Final = b"\x0a\x02\x08\x01"
_FIXED_BYTES: Final = {1: 8, 5: 4}


@dataclass(frozen=True, slots=True)
class Halves:
    """Two models that make one voice."""

    frames: bytes
    """Phonemes in; `joint` and the durations out, in that order."""
    sound: bytes
    """`joint` in, sound out."""
    joint: str
    """The tensor between them: [1, channels, frames]."""


def with_durations(model: bytes) -> tuple[bytes, bool]:
    """The whole model with one more output, how many frames each phoneme takes, and whether that
    worked.

    The graph rounds those durations up in one place, and the tensor is named after that. Two
    protobuf messages in a row read as their union, so naming an output means appending its name.
    """
    names = set(_DURATIONS.findall(model))
    if len(names) != 1:
        return model, False
    output = _field(_OUTPUT, _field(_VALUE_NAME, names.pop()))
    return model + _field(_MODEL_GRAPH, output), True


def halves(model: bytes) -> Halves | None:
    """The model in two, or None where it is not built like the voices known here."""
    durations = set(_DURATIONS.findall(model))
    graphs = [part for part in _parts(model, 0, len(model)) if part.number == _MODEL_GRAPH]
    if len(durations) != 1 or len(graphs) != 1:
        return None
    graph = _Graph(model, graphs[0])
    joint = graph.into_decoder()
    if len(joint) != 1 or _SOUND not in graph.makers:
        return None
    about = b"".join(
        model[part.begin : part.end]
        for part in _parts(model, 0, len(model))
        if part.number != _MODEL_GRAPH
    )
    (between,), (length,) = joint, durations
    outputs = b"".join(_field(_OUTPUT, _field(_VALUE_NAME, name)) for name in (between, length))
    frames = graph.that_make({between, length}, set()) + b"".join(graph.inputs) + outputs
    typed = _field(_VALUE_NAME, between) + _field(_VALUE_TYPE, _FLOAT_OF_ANY_SHAPE)
    sound = graph.that_make({_SOUND}, {between}) + _field(_INPUT, typed) + b"".join(graph.outputs)
    return Halves(
        frames=about + _field(_MODEL_GRAPH, frames),
        sound=about + _field(_MODEL_GRAPH, sound),
        joint=between.decode(),
    )


class _Part(NamedTuple):
    """A field of a protobuf message, and where it and its payload lie."""

    number: int
    begin: int
    payload: int
    end: int


@dataclass(frozen=True, slots=True)
class _Node:
    name: bytes
    inputs: list[bytes]
    outputs: list[bytes]
    raw: bytes


class _Graph:
    """The graph of a model, as far as cutting it needs."""

    def __init__(self, model: bytes, graph: _Part) -> None:
        self.nodes: list[_Node] = []
        self.weights: dict[bytes, bytes] = {}
        self.inputs: list[bytes] = []
        self.outputs: list[bytes] = []
        for part in _parts(model, graph.payload, graph.end):
            raw = model[part.begin : part.end]
            if part.number == _NODE:
                self.nodes.append(_node(model, part, raw))
            elif part.number == _INITIALIZER:
                (name,) = _strings(model, part, _INITIALIZER_NAME)
                self.weights[name] = raw
            elif part.number == _INPUT:
                self.inputs.append(raw)
            elif part.number == _OUTPUT:
                self.outputs.append(raw)
        self.makers = {output: node for node in self.nodes for output in node.outputs}

    def into_decoder(self) -> set[bytes]:
        """The tensors that the decoder takes from elsewhere in the graph."""
        return {
            taken
            for node in self.nodes
            if node.name.startswith(_DECODER)
            for taken in node.inputs
            if taken in self.makers and not self.makers[taken].name.startswith(_DECODER)
        }

    def that_make(self, wanted: set[bytes], given: set[bytes]) -> bytes:
        """The nodes and weights that make some tensors from others, in the graph's own order."""
        known: set[bytes] = set()
        names: set[int] = set()
        open_ = list(wanted)
        while open_:
            tensor = open_.pop()
            if tensor in known or tensor in given:
                continue
            known.add(tensor)
            if maker := self.makers.get(tensor):
                names.add(id(maker))
                open_ += maker.inputs
        nodes = [node.raw for node in self.nodes if id(node) in names]
        weights = [raw for name, raw in self.weights.items() if name in known]
        return b"".join((*nodes, _field(_NAME, b"voice"), *weights))


def _node(model: bytes, part: _Part, raw: bytes) -> _Node:
    (name,) = _strings(model, part, _NODE_NAME) or [b""]
    inputs, outputs = (_strings(model, part, number) for number in (_NODE_INPUT, _NODE_OUTPUT))
    return _Node(name, inputs, outputs, raw)


def _strings(model: bytes, part: _Part, number: int) -> list[bytes]:
    inner = _parts(model, part.payload, part.end)
    return [model[one.payload : one.end] for one in inner if one.number == number]


def _parts(data: bytes, at: int, end: int) -> Iterator[_Part]:
    """The fields of a protobuf message; a length-delimited one may hold another message."""
    while at < end:
        begin = at
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == 2:
            size, at = _varint(data, at)
        elif kind == 0:
            _, after = _varint(data, at)
            size = after - at
        else:
            size = _FIXED_BYTES[kind]
        yield _Part(tag >> 3, begin, at, at + size)
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, seven bits a byte from the lowest, and where it ended."""
    value = shift = 0
    while data[at] > 127:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
    return value | data[at] << shift, at + 1


def _field(number: int, payload: bytes) -> bytes:
    """A length-delimited field."""
    size, head = len(payload), bytearray([number << 3 | 2])
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    head.append(size)
    return bytes(head) + payload
