"""Webhooks: who sends them (`providers.py`), what they touch (`touched.py`), and the look that follows."""
