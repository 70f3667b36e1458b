"""Lets `python -m antiphon` do what the `antiphon` command does."""

import sys

from antiphon.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
