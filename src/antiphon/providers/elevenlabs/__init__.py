"""ElevenLabs: Flash and Multilingual speak, Scribe listens, and voices are cloned."""
