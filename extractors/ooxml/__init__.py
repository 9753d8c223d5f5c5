"""What Office files of the Open XML family share: the package, its relations, drawings and formulas."""
