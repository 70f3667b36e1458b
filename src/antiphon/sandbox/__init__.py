"""Pretended vendors on localhost, for tests, for demonstrations, and for work without keys."""
