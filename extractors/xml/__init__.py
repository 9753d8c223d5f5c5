"""XML: known vocabularies by their meaning, others record by record."""
