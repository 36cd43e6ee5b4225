"""The only HTTP to an API server. Decides nothing about applications: it reads, watches and writes what it is told."""
