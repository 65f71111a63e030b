"""``python -m commentnlp``."""

import sys

if __name__ == "__main__":  # worker processes import this, too
    try:
        from commentnlp.cli import main
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(main())
