"""Targets against live objects. Pure."""
