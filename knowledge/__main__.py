"""`python -m knowledge`: the command line."""

import sys

from knowledge.cli import main

sys.exit(main())
