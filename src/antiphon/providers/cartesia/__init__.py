"""Cartesia: Sonic speaks, and voices are cloned for it."""
