"""One veto per file; the table of them is `GATES` in `sync/plan.py`."""
