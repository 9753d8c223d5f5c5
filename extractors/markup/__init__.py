"""Text that people write: plain, Markdown, reStructuredText, Org, source code."""
