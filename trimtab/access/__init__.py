"""Rights, decided purely: who may do what (RBAC), and what a project's applications may use."""
