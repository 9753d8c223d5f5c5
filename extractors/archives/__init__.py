"""Archives and compressed files, within limits that no header can lie about."""
