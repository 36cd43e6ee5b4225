"""Kubernetes quantities (`100m`, `1.5Gi`) in the one form in which the API server writes them back."""

import re
from decimal import ROUND_UP, Decimal

_SYNTAX = re.compile(r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_SMALLEST = -9

NOT_A_QUANTITY = f"quantities must match the regular expression '{_SYNTAX.pattern}'"
NOT_A_SUFFIX = "unable to parse quantity's suffix"


def canonical(text: str) -> str:
    """`1000m` is `1`, `1024Mi` is `1Gi`, `0.5` is `500m`. Raises ValueError with the API server's words."""
    match = _SYNTAX.match(text)
    if not match or match[1].count(".") > 1 or match[1].strip("+-.") == "":
        raise ValueError(NOT_A_QUANTITY)
    number, suffix = Decimal(match[1]), match[2]
    if suffix in _BINARY:
        return _binary(number * (1 << _BINARY[suffix]))
    if suffix in _DECIMAL:
        return _decimal(number.scaleb(_DECIMAL[suffix]))
    exponent = re.fullmatch(r"[eE]([+-]?[0-9]{1,3})", suffix)
    if not exponent:
        raise ValueError(NOT_A_SUFFIX)
    return _exponential(number.scaleb(int(exponent[1])))


def _binary(value: Decimal) -> str:
    """The largest power of 1024 that divides; small and fractional values are written as decimals."""
    if -1024 < value < 1024 or value != value.to_integral_value():
        return _decimal(value)
    for suffix, bits in reversed(_BINARY.items()):
        if value % (1 << bits) == 0:
            return f"{int(value) >> bits}{suffix}"
    return str(int(value))


def _decimal(value: Decimal) -> str:
    exponent = _exponent(value)
    suffix = next(name for name, power in _DECIMAL.items() if power == min(exponent, 18))
    return f"{_scaled(value, min(exponent, 18))}{suffix}"


def _exponential(value: Decimal) -> str:
    exponent = _exponent(value)
    return f"{_scaled(value, exponent)}e{exponent}" if exponent else str(_scaled(value, 0))


def _exponent(value: Decimal) -> int:
    """The largest multiple of three so that no fraction is left; nothing is smaller than a billionth."""
    if not value:
        return 0
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(exponent // 3 * 3, _SMALLEST)


def _scaled(value: Decimal, exponent: int) -> int:
    return int(value.scaleb(-exponent).to_integral_value(ROUND_UP))
