"""The XTTS streaming server from its own end."""
