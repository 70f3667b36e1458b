"""Callers who never stop talking, on plain sockets."""

import select
import socket
from collections.abc import Callable
from typing import Final

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from antiphon.transports.websocket import wire

HALF_A_SECOND: Final = bytes(16_000)
LOST: Final = 1006
PATIENCE_S: Final = 10.0


class Flooding:
    """A caller who says as much as the connection takes, so that at any moment some of it lies
    unread in the server's kernel. As in a browser, a connection that cannot be written to is
    lost, whatever there would be to read. `call` blocks: give it a thread."""

    def __init__(self, url: str, message: bytes = HALF_A_SECOND) -> None:
        self.said: list[wire.ServerMessage] = []
        """What the server said, but for audio."""
        self._url, self._message = url, message
        self._protocol = ClientProtocol(parse_uri(url))
        self._lost = False

    @property
    def close_code(self) -> int | None:
        """With which the server closed, and 1006 where no close came through."""
        return LOST if self._lost else self._protocol.close_code

    def call(self, talking: Callable[[], object]) -> None:
        """Talk until the connection is closed; ``talking`` is called as soon as it hears."""
        where = parse_uri(self._url)
        with socket.create_connection((where.host, where.port), PATIENCE_S) as peer:
            self._protocol.send_request(self._protocol.connect())
            try:
                while self._exchange(peer, talking):
                    if self._protocol.state is State.OPEN and self.said:
                        self._protocol.send_binary(self._message)
            except OSError:
                self._lost = True

    def _exchange(self, peer: socket.socket, talking: Callable[[], object]) -> bool:
        for data in self._protocol.data_to_send():
            if data:
                peer.sendall(data)
        waiting_s = 0.0 if self.said and self._protocol.state is State.OPEN else PATIENCE_S
        if select.select([peer], [], [], waiting_s)[0]:
            if not (came := peer.recv(65536)):
                self._protocol.receive_eof()
                return False
            self._protocol.receive_data(came)
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._protocol.send_text(wire.encode(wire.Hello(version=1, rate_hz=16000)).encode())
            elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                if not self.said:
                    talking()
                self.said.append(wire.decode_server(bytes(event.data).decode()))
        return True
