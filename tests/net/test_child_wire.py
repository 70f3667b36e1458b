"""Frames survive any cutting; garbage is refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import RemoteProtocolError
from antiphon.net.child_wire import (
    MAX_FRAME_BYTES,
    Begin,
    CancelJob,
    DoJob,
    Done,
    Failed,
    FrameReader,
    Message,
    MoreWork,
    Piece,
    Ready,
    Refused,
    frame,
)

values = st.one_of(st.integers(-(2**31), 2**31), st.text(), st.booleans(), st.lists(st.text()))
fields = st.dictionaries(st.text(), values, max_size=4)
jobs = st.integers(0, 2**40)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Begin, fields, st.dictionaries(st.text(), st.text()), jobs, jobs),
    st.builds(DoJob, jobs, fields),
    st.builds(MoreWork, jobs, fields),
    st.builds(CancelJob, jobs),
    st.builds(Ready, fields),
    st.builds(Refused, st.text(), st.text()),
    st.builds(Piece, jobs, fields),
    st.builds(Done, jobs),
    st.builds(Failed, jobs, st.sampled_from(["TimedOut", "Rejected"]), st.text()),
)


@given(st.lists(st.tuples(messages, st.binary(max_size=300))), st.lists(st.integers(1, 60)))
def test_messages_survive_any_cutting(said: list[tuple[Message, bytes]], cuts: list[int]) -> None:
    stream = b"".join(frame(message, payload) for message, payload in said)
    reader, heard = FrameReader(), []
    for size in cuts:
        heard += reader.feed(stream[:size])
        stream = stream[size:]
    heard += reader.feed(stream)
    assert heard == said


@pytest.mark.parametrize(
    "garbage",
    [
        struct.pack(">II", MAX_FRAME_BYTES, 1),
        struct.pack(">II", 3, 0) + b"\xc1\xc1\xc1",
        struct.pack(">II", 2, 0) + b"\x90\x90",
        struct.pack(">II", 1, 0) + b"\x80",
    ],
)
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        FrameReader().feed(garbage)
