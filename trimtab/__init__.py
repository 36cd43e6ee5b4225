"""Trimtab keeps Kubernetes clusters on the course that Git sets."""

__version__ = "0.1.0"
