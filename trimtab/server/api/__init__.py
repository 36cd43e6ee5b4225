"""The REST API, one file per noun; each ends in the table of its operations."""
