"""OpenAI: its models listen, speak and think."""
