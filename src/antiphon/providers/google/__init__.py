"""Google Cloud: Speech-to-Text v2 listens, Text-to-Speech speaks; both over the vendor's SDK."""
