"""OpenAI, pretended."""
