"""Anthropic, pretended."""
