"""Typed merging of Kubernetes objects: schemas, field sets, server-side apply, strategic merge. Pure."""
