"""The codecs of Deepgram's three WebSockets, one file each."""
