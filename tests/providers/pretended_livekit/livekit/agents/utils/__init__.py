"""Small things plugins share."""
