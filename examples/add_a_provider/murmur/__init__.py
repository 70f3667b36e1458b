"""Murmur's voices for Antiphon."""
