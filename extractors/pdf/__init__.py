"""PDF: the page as pdfium draws it, read in the order in which a person would."""
