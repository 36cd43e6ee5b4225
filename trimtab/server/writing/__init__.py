"""What callers want written, checked and decided before anything is: `api/` asks, `objects.py` acts."""
