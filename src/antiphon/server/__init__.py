"""The web server: the page, the health checks, and the door for calls."""
