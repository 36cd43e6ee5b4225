"""How fast and how small Trimtab is, measured against a real API server: `python -m bench`."""
