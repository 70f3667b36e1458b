"""ElevenLabs from the vendor's end."""
