"""Plugins are here."""
