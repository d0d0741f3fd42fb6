"""`python -m rnnsym` is the command line."""

import sys

from rnnsym.cli import main

if __name__ == "__main__":
    sys.exit(main())
