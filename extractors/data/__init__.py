"""Records: JSON, YAML, CSV, subtitles, notebooks, properties."""
