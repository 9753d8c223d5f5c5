"""Messages and saved pages, both of them MIME."""
