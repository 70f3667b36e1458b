"""Google's Gemini, pretended."""
