"""Hello and its answers."""

import pytest

from antiphon.errors import RemoteProtocolError, Unavailable
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.socket import Gone


def test_a_good_hello_is_welcomed_with_the_terms_of_the_call(play) -> None:
    async def main(scene):
        scene.socket.push(wire.Bye())
        assert await scene.run() == "caller hung up"
        await scene.transport.aclose("over")
        return scene

    scene = play(main, rate_hz=8000, encoding="mulaw")
    (welcome, ended) = scene.socket.said()
    assert welcome == wire.Welcome("c1", 1, 8000, "mulaw", 2.0, 8.0, 65536)
    assert ended == wire.Ended("over")
    assert scene.transport.facts.rate_hz == 8000
    assert scene.transport.facts.ducking == "remote_gain"
    assert scene.transport.facts.confirms
    assert scene.socket.closed == (1000, "ended")


@pytest.mark.parametrize(
    "first, code, close, words",
    [
        (b"\0" * 640, "hello_expected", 1008, "audio before hello"),
        ("}{ nonsense", "bad_message", 1007, "JSON is malformed"),
        (wire.Bye(), "hello_expected", 1008, "first message must be hello"),
        ("x" * 70000, "too_big", 1009, "too big"),
        (wire.Hello(version=2, rate_hz=16000), "unsupported_version", 1008, "versions: 1"),
        (
            wire.Hello(version=1, rate_hz=44100),
            "unsupported_format",
            1008,
            "allowed: 8000, 16000, 24000, 48000",
        ),
        (
            wire.Hello(version=1, rate_hz=16000, encoding="mulaw"),
            "unsupported_format",
            1008,
            "allowed: 8000",
        ),
    ],
)
def test_a_bad_hello_is_refused_in_words_and_by_code(play, first, code, close, words) -> None:
    async def main(scene):
        with pytest.raises(RemoteProtocolError, match=words) as refused:
            await scene.greet(first)
        assert refused.value.code == code
        return scene

    scene = play(main, hello=False)
    (error,) = scene.socket.said()
    assert isinstance(error, wire.Error)
    assert error.code == code
    assert words in error.what
    assert scene.socket.closed == (close, code)


@pytest.mark.parametrize("given", ["", "wrong", "sesam "])
def test_a_wrong_token_is_refused(play, given) -> None:
    async def main(scene):
        with pytest.raises(RemoteProtocolError) as refused:
            await scene.greet(wire.Hello(version=1, rate_hz=8000, token=given))
        assert refused.value.code == "unauthorised"

    play(main, hello=False, token="sesam")


def test_the_right_token_is_welcome(play) -> None:
    async def main(scene):
        await scene.greet(wire.Hello(version=1, rate_hz=8000, token="sesam"))
        return scene.transport.call

    assert play(main, hello=False, token="sesam") == "c1"


def test_a_silent_client_is_sent_away(play) -> None:
    async def main(scene):
        with pytest.raises(RemoteProtocolError, match="no hello within 3 s"):
            await scene.greet()
        return scene.clock.now(), scene.socket.closed

    assert play(main, hello=False, hello_s=3.0) == (3.0, (1008, "hello_expected"))


def test_a_client_that_leaves_before_hello_is_only_gone(play) -> None:
    async def main(scene):
        with pytest.raises(Unavailable, match="before saying hello"):
            await scene.greet(Gone(1006))

    play(main, hello=False)
