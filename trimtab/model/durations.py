"""Go's durations, as Argo CD's objects and settings hold them: "5s", "1h30m", "1.5h"; a bare number is seconds."""

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_BARE = re.compile(rf"[+-]?{_NUMBER}")
_TERM = re.compile(rf"({_NUMBER})(ns|us|µs|μs|ms|s|m|h)")
_WHOLE = re.compile(rf"[+-]?(?:{_TERM.pattern})+")


def parse_duration(text: str) -> float:
    """Seconds. Raises ValueError, which says what a duration looks like."""
    stripped = text.strip()
    if _BARE.fullmatch(stripped):
        return float(stripped)
    if not _WHOLE.fullmatch(stripped):
        raise ValueError(f'{text!r} is not a duration: write "30s", "5m" or "1h30m"')
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _TERM.findall(stripped))
    return -seconds if stripped.startswith("-") else seconds
