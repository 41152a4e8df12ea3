"""Run one page in this process: `python -m tests.docs PAGE FOLDER`."""

import sys
from pathlib import Path

from tests.docs.runner import run_page

if __name__ == "__main__":
    run_page(Path(sys.argv[1]), Path(sys.argv[2]))
