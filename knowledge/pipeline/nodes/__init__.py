"""The nodes of pipelines: each module has a plain function, and `run`, which a pipeline calls."""
