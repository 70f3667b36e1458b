"""The WebSocket server of Vosk, pretended."""
