"""Cartesia from the vendor's end."""
