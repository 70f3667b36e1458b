"""The WebSocket server of Vosk: a recogniser of one's own."""
