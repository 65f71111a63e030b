"""``python -m commentnlp``."""

import sys

from commentnlp.cli import main

if __name__ == "__main__":  # worker processes import this, too
    sys.exit(main())
