"""Azure Speech from the vendor's end."""
