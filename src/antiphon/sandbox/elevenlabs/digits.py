"""Digits as a picture, drawn like a pocket calculator's: what somebody is to read aloud. Pure."""

import struct
import zlib
from typing import Final

__all__ = ["drawn"]

BARS: Final = {
    "a": (slice(0, 2), slice(2, 10)),
    "b": (slice(2, 9), slice(10, 12)),
    "c": (slice(11, 18), slice(10, 12)),
    "d": (slice(18, 20), slice(2, 10)),
    "e": (slice(11, 18), slice(0, 2)),
    "f": (slice(2, 9), slice(0, 2)),
    "g": (slice(9, 11), slice(2, 10)),
}
"""Rows and columns of each bar, as they are commonly lettered."""
SHAPES: Final = "abcdef bc abdeg abcdg bcfg acdfg acdefg abc abcdefg abcdfg".split()
HEIGHT, WIDTH, MARGIN = 20, 12, 6


def drawn(digits: str) -> bytes:
    """A PNG of one line, black on white. Anything that is no digit is a space."""
    across = len(digits) * (WIDTH + MARGIN) + MARGIN
    rows = [bytearray(b"\xff" * across) for _ in range(HEIGHT + 2 * MARGIN)]
    for number, digit in enumerate(digits):
        left = MARGIN + number * (WIDTH + MARGIN)
        for bar in SHAPES[int(digit)] if digit.isdigit() else "":
            down, wide = BARS[bar]
            for row in rows[MARGIN + down.start : MARGIN + down.stop]:
                row[left + wide.start : left + wide.stop] = bytes(wide.stop - wide.start)
    return _png(rows)


def _png(rows: list[bytearray]) -> bytes:
    """8-bit grey."""
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
