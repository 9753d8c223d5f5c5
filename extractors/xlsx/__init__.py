"""Excel workbooks of the Open XML family, streamed."""
