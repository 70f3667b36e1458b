"""Text frames to messages and back, as `antiphon.net.frames` does it: the same way for each of the
four protocols."""

from antiphon.net.frames import Unknown, decode, encode

__all__ = ["Unknown", "decode", "encode"]
