"""Anthropic: its models think."""
