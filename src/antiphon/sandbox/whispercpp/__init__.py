"""The server of whisper.cpp, pretended: ``/inference``."""
