"""Word documents: body, notes, headers and comments in reading order."""
