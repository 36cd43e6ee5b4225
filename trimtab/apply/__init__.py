"""The only writer to target clusters: a Plan becomes a stream of events."""
