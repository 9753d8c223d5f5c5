"""Excel workbooks of 1987 to 2003, record by record."""
