"""Deepgram, pretended: ``/v1/listen``, ``/v2/listen``, ``/v1/speak``."""
