"""How good, how fast, against whom: one harness, one module a suite. Run with `python -m benchmarks`."""
