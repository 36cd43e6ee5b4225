"""The only writer to target clusters."""
