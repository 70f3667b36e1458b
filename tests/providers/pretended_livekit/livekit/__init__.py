"""What of the LiveKit SDK the bridge touches, pretended."""
