"""Deepgram: Nova-3 and Flux listen, Aura-2 speaks."""
