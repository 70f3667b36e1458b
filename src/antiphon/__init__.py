"""The package's version lives here, and nothing else: import the module you need by its path."""

__version__ = "0.1.0"
