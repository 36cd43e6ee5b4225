"""GitHub's REST API, as far as Trimtab uses it: the connection, and one file per noun with typed functions."""
