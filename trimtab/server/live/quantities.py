"""Kubernetes' quantities as whole thousandths, in which trees count. Pure."""

import re
from decimal import ROUND_UP, Decimal

from trimtab.typed.quantity import canonical

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_PARTS = re.compile(r"([+-]?[0-9]+)([a-zA-Z]*)(?:e([0-9]+))?")


def milli(quantity: object) -> int:
    """`250m` is 250, `1Gi` 1073741824000; 0 for what is no quantity."""
    if isinstance(quantity, bool) or not isinstance(quantity, str | int | float):
        return 0
    try:
        number, suffix, exponent = _split(canonical(str(quantity)))
    except ValueError:
        return 0
    value = Decimal(number) * (1 << _BINARY[suffix]) if suffix in _BINARY else Decimal(number).scaleb(_DECIMAL[suffix])
    return int(value.scaleb(exponent + 3).to_integral_value(ROUND_UP))


def _split(text: str) -> tuple[str, str, int]:
    if whole := re.fullmatch(r"([+-]?[0-9]+)e([+-]?[0-9]+)", text):
        return whole[1], "", int(whole[2])
    match = _PARTS.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return match[1], match[2], 0
