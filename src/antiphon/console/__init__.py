"""The web pages: static files and the routes that serve them."""
