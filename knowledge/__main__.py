"""`python -m knowledge`: the command line."""

from knowledge.cli import entry

entry()
