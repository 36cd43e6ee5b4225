"""The command line: one file per command. `main.py` holds the table of commands, `app/__init__.py` the one of verbs."""
