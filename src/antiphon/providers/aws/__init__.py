"""Amazon Web Services: Transcribe listens, Polly speaks; both over the vendor's SDKs."""
