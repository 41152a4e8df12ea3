"""Runs the command line as `python -m wikipayam_async`."""

import sys

from wikipayam_async.cli import main

if __name__ == "__main__":
    sys.exit(main())
