"""A fake GitHub on loopback, for tests and the demo; it stands alone."""
