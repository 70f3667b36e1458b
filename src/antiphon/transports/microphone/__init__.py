"""A call through this machine's own microphone and loudspeaker."""
