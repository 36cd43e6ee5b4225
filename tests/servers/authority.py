"""The certificate authority of tests: the demo's."""

from trimtab.demo.authority import Authority

__all__ = ["Authority"]
