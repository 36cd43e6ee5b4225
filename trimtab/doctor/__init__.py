"""What `trimtab doctor` looks at: `checks.py` is the table. What is concluded from it is in `environment/findings`."""
