"""What all spreadsheets share: tables found on a sheet, headers, merged cells, numbers as they are shown."""
