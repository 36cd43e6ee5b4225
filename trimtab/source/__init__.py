"""Where manifests come from: a store per type of source gives a `Checkout`; rendering it is not done here."""

from trimtab.source.git import GitStore

SOURCES = {"git": GitStore}
"""The types of source, by the `type` of a repository Secret."""
