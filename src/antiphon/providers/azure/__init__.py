"""Azure Speech: a voice over its REST interface, and recognition through its SDK."""
