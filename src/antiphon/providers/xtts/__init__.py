"""Coqui XTTS, as its streaming server offers it."""
