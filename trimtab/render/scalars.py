"""What a plain YAML scalar means to Kubernetes: the resolution of kubectl's YAML (1.1 with some of 1.2), then JSON's.

The rules were read off kubectl itself; `tests/render/test_yaml_kubectl.py` holds them to it.
"""

import base64
import binascii
import math
import re
import struct
from decimal import Decimal
from functools import lru_cache

Scalar = str | int | float | bool | None

CORE = "tag:yaml.org,2002:"
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
UINT64_MAX = 2**64 - 1

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_NUMBER_START = frozenset("+-.0123456789")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_FRACTION = re.compile(r"\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?")
"""What starts with a dot; its underscores must stand between digits, elsewhere they may stand anywhere."""
_INTEGERS = (
    (re.compile(r"([-+]?)0[xX]([0-9a-fA-F]+)"), 16),
    (re.compile(r"([-+]?)0[bB]([01]+)"), 2),
    (re.compile(r"0b([-+])([01]+)"), 2),
    (re.compile(r"([-+]?)0[oO]([0-7]+)"), 8),
    (re.compile(r"([-+]?)(0[0-7]*)"), 8),
    (re.compile(r"([-+]?)([1-9][0-9]*)"), 10),
)
"""Sign and digits."""
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d?:\d\d?(?:\.\d*)?[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?)?)?"
)


class BadScalar(ValueError):
    """The scalar cannot be what its tag or place asks for; the message is the reason."""


@lru_cache(maxsize=8192)
def plain_value(text: str) -> Scalar:
    """The JSON value of an unquoted scalar. Raises BadScalar for NaN and infinities, which JSON has not."""
    return as_json(resolve(text))


@lru_cache(maxsize=8192)
def plain_key(text: str) -> str:
    """The JSON key of an unquoted scalar. Raises BadScalar for null and for integers from 2^63 on."""
    return as_key(resolve(text))


def resolve(text: str) -> Scalar:
    """The YAML value of an unquoted scalar, before JSON narrows it."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if text[0] == ".":
        return float(text) if _FRACTION.fullmatch(text) and math.isfinite(float(text)) else text
    return _number(text)


def tagged(tag: str, text: str) -> Scalar:
    """The YAML value of a scalar with an explicit tag; tags of other schemas leave it a string. Raises BadScalar."""
    name = tag.removeprefix(CORE) if tag.startswith(CORE) else ""
    if name == "binary":
        return _binary(text)
    if name == "timestamp" and not _TIMESTAMP.fullmatch(text):
        raise BadScalar(f"{text!r} is not a timestamp")
    if name not in _TYPES:
        return text
    value = resolve(text)
    if name == "float" and type(value) is int:
        value = float(value)
    if not isinstance(value, _TYPES[name]) or (name == "int" and isinstance(value, bool)):
        raise BadScalar(f"{text!r} is not what its tag !!{name} says")
    return value


_TYPES: dict[str, type] = {"int": int, "float": float, "bool": bool, "null": type(None)}


def as_json(value: Scalar) -> Scalar:
    """A number as Kubernetes decodes it from JSON: int64 where it is integral and fits, else float."""
    if isinstance(value, float):
        return _narrowed(value)
    if type(value) is int and not INT64_MIN <= value <= INT64_MAX:
        return float(value)
    return value


def as_key(value: Scalar) -> str:
    """A key as JSON writes it: `true`, `1`, `1.5`. Raises BadScalar where kubectl refuses."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_key(value)
    if value is None or value > INT64_MAX:
        raise BadScalar(f"a key must not be {'null' if value is None else value}")
    return str(value)


def _narrowed(value: float) -> int | float:
    if not math.isfinite(value):
        raise BadScalar(f"JSON has no {value}")
    if not value.is_integer() or abs(value) > 2.0**63:
        return value
    integer = int(Decimal(repr(value)))  # of its shortest digits: that is what Go writes, and reads again
    return integer if INT64_MIN <= integer <= INT64_MAX else value


def _number(text: str) -> Scalar:
    plain = text.replace("_", "")
    for pattern, base in _INTEGERS:
        if (found := pattern.fullmatch(plain)) is not None:
            value = int(found[1] + found[2], base)
            if INT64_MIN <= value <= INT64_MAX or (value <= UINT64_MAX and not found[1]):
                return value
            break
    number = float(plain) if _FLOAT.fullmatch(plain) else math.nan
    return number if math.isfinite(number) else text


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split("\n")), validate=True).decode(errors="replace")
    except binascii.Error as error:
        raise BadScalar("the value of !!binary is not base64") from error


def _float_key(value: float) -> str:
    """Go's shortest single-precision form (kubectl narrows float keys to 32 bits)."""
    single = _single(value)
    if not math.isfinite(single):
        return ".nan" if math.isnan(single) else ".inf" if single > 0 else "-.inf"
    digits = next(count for count in range(1, 10) if _single(float(f"{single:.{count - 1}e}")) == single)
    return _general(single, digits)


def _single(value: float) -> float:
    """The nearest 32-bit float; an infinity when there is none."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def _general(value: float, digits: int) -> str:
    """`digits` significant digits; with an exponent below 1e-4 and from 1e6 on, as Go's shortest `%g`."""
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if -4 <= int(exponent) < 6:
        return f"{value:.{max(digits - 1 - int(exponent), 0)}f}"
    return f"{mantissa}e{exponent}"
