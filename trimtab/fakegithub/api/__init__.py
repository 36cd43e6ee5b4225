"""The REST API: a table of routes for each noun."""
