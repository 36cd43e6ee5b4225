"""A Kubernetes-compatible API in one process, for demos, previews and tests."""
