"""Which encoding some text is in."""
