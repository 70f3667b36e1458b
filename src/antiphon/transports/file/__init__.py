"""A call whose caller is an audio file or a script, heard and recorded at the caller's own ear."""
