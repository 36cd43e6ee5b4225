"""The globs of Argo CD's `include`, `exclude` and `valueFiles`."""

from trimtab.errors import Stalled
from trimtab.model import globs


def matches(pattern: str, path: str, *, separator: str = "") -> bool:
    """Whether the whole path fits the pattern; see `model/globs.py`. Raises Stalled for one that makes no sense."""
    try:
        return globs.matches(pattern, path, separator=separator)
    except ValueError as error:
        raise Stalled(str(error), reason="InvalidSpec") from error
