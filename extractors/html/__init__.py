"""Web pages: the main content, or everything that is visible."""
