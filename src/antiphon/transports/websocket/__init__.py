"""Calls over a WebSocket: the browser page and any program that speaks ``antiphon.1``.

The wire is described in docs/reference/websocket.md.
"""
