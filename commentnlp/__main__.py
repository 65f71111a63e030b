"""``python -m commentnlp``."""

import sys

from commentnlp.cli import main

sys.exit(main())
