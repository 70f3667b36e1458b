"""A connection that can be made to dribble: every byte that is written goes alone, and late.

Stands between the server's protocols and the connection, because a frame has become bytes only
there. Until `drip` is called it does nothing.
"""

import asyncio
from collections import deque
from typing import Any

__all__ = ["Drip"]


class Drip(asyncio.Transport):
    """Another transport, with a slow way out."""

    def __init__(self, inner: asyncio.Transport) -> None:
        super().__init__()
        self._inner = inner
        self._every_s = 0.0
        self._waiting: deque[int] = deque()
        self._dry: asyncio.Future[None] | None = None
        self._closing = False

    def drip(self, every_s: float) -> None:
        """From now on, wait so long before each byte."""
        self._every_s = every_s

    async def dried(self) -> None:
        """Until all that was written is out, or the connection is gone."""
        if self._waiting:
            self._dry = self._dry or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._dry)

    # --- the way out -------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._every_s:
            self._inner.write(data)
            return
        idle = not self._waiting
        self._waiting.extend(bytes(data))
        if idle and self._waiting:
            self._later()

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """After what still waits."""
        self._closing = True
        if not self._waiting:
            self._inner.close()

    def abort(self) -> None:
        self._closing = True
        self._end()
        self._inner.abort()

    def is_closing(self) -> bool:
        return self._closing or self._inner.is_closing()

    def _later(self) -> None:
        asyncio.get_running_loop().call_later(self._every_s, self._one)

    def _one(self) -> None:
        if self._inner.is_closing() or not self._waiting:
            self._end()
            return
        self._inner.write(bytes([self._waiting.popleft()]))
        if self._waiting:
            self._later()
            return
        self._end()
        if self._closing:
            self._inner.close()

    def _end(self) -> None:
        self._waiting.clear()
        dry, self._dry = self._dry, None
        if dry is not None:
            dry.set_result(None)

    # --- everything else is the connection's own ----------------------------------------------

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._inner.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._inner.get_protocol()

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()

    def is_reading(self) -> bool:
        return self._inner.is_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._inner.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return len(self._waiting) + self._inner.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._inner.get_write_buffer_limits()

    def write_eof(self) -> None:
        self._inner.write_eof()

    def can_write_eof(self) -> bool:
        return self._inner.can_write_eof()
