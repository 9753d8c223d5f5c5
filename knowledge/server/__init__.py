"""The HTTP API: a contract before a function that finds passages. `knowledge.serve` runs it."""
