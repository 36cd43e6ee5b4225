"""The first pages: login, and a plain live list of applications."""
