"""Errors that carry their consequence.

    TrimtabError
    ├── Retry     it may pass: try again after a while
    ├── Wait      nothing is wrong, something has to happen first
    └── Stalled   trying again without a change cannot help: a person has to act

One place (`controller/loop.py`) maps them to requeues and conditions. Every message says on one line what is wrong,
where (file, document, object) and what to do about it.
"""

from trimtab.text import one_line


class TrimtabError(Exception):
    """Base of every error meant for a user. `reason` is a CamelCase word, `message` one line."""

    def __init__(self, message: str, *, reason: str = "Error") -> None:
        self.message = one_line(message)
        self.reason = reason
        super().__init__(self.message)


class Retry(TrimtabError):
    """May pass by itself (network, server busy). `after`: seconds to wait, None for the caller's backoff."""

    def __init__(self, message: str, *, reason: str = "Retry", after: float | None = None) -> None:
        super().__init__(message, reason=reason)
        self.after = after


class Wait(TrimtabError):
    """Not an error: another object or person has to move first. `after`: seconds until the next look."""

    def __init__(self, message: str, *, reason: str = "Wait", after: float = 5.0) -> None:
        super().__init__(message, reason=reason)
        self.after = after


class Stalled(TrimtabError):
    """Cannot succeed until what it is about is changed (the commit, the spec, the credential)."""

    def __init__(self, message: str, *, reason: str = "Stalled") -> None:
        super().__init__(message, reason=reason)
