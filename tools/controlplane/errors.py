"""What can go wrong between an empty machine and a running control plane. Every message is one line."""


class ControlPlaneError(Exception):
    """Base of everything this package raises on purpose."""


class BuildError(ControlPlaneError):
    """The programs are not there and could not be built: the reason, fit for `cluster lane not run: <why>`."""


class GoMissing(BuildError):
    """No Go of a new enough version on the machine, and none could be fetched."""


class DownloadFailed(BuildError):
    """The Go module sources could not be fetched (no network, a proxy that refuses, a wrong checksum)."""


class CompileFailed(BuildError):
    """The sources are there but a program did not compile (no space left, out of memory, an old Go)."""


class StartFailed(ControlPlaneError):
    """A component ended or did not answer within its deadline; the message is followed by the tail of its log."""
