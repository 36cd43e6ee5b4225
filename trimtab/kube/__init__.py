"""The only HTTP to an API server."""
