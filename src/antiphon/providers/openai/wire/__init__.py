"""What OpenAI's service and its clients say to each other, as pure codecs."""
