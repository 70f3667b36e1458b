"""The server of whisper.cpp: a recogniser of one's own, over HTTP."""
