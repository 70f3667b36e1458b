"""Any STT or TTS class of a ``livekit-plugins-*`` package, run in an environment of its own."""
