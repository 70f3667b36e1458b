"""Google's Gemini: its models think."""
