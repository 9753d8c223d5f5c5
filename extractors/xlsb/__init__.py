"""Binary Excel workbooks, record by record."""
