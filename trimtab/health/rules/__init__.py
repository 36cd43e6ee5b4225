"""One built-in kind per file; the table of them is `RULES` in `health/table.py`."""
