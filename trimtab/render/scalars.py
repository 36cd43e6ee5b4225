"""What a plain YAML scalar means to Kubernetes: the resolution of kubectl's YAML (1.1 with some of 1.2), then JSON's.

The rules were read off kubectl itself; `tests/render/test_yaml_kubectl.py` holds them to it.
"""

import base64
import binascii
import math
import re
import struct
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
_INTEGERS = (
    (re.compile(r"[-+]?0[xX][0-9a-fA-F]+"), 16),
    (re.compile(r"[-+]?0[bB][01]+"), 2),
    (re.compile(r"[-+]?0[oO][0-7]+"), 8),
    (re.compile(r"[-+]?0[0-7]*"), 8),
    (re.compile(r"[-+]?[1-9][0-9]*"), 10),
)
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
        return _float(text, text)
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
    return int(value) if value.is_integer() and INT64_MIN <= value < 2.0**63 else value


def _number(text: str) -> Scalar:
    plain = text.replace("_", "")
    for pattern, base in _INTEGERS:
        if pattern.fullmatch(plain):
            value = int(plain if base != 8 else plain.replace("o", "").replace("O", ""), base)
            if INT64_MIN <= value <= UINT64_MAX and (value <= INT64_MAX or plain[0] != "+"):
                return value
            break
    return _float(plain, text) if _FLOAT.fullmatch(plain) else text


def _float(plain: str, text: str) -> Scalar:
    """`plain` as a float; `text` itself when it is none, or too big for one (`1e400` stays a string)."""
    if not _FLOAT.fullmatch(plain):
        return text
    value = float(plain)
    return value if math.isfinite(value) else text


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split("\n")), validate=True).decode(errors="replace")
    except binascii.Error as error:
        raise BadScalar("the value of !!binary is not base64") from error


def _float_key(value: float) -> str:
    """Go's shortest single-precision form (kubectl narrows float keys to 32 bits)."""
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    try:
        single = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return ".inf" if value > 0 else "-.inf"
    digits = next(d for d in range(1, 10) if float(f"{single:.{d - 1}e}") == single or _same_single(single, d))
    return _general(single, digits)


def _same_single(single: float, digits: int) -> bool:
    return bool(struct.pack("f", float(f"{single:.{digits - 1}e}")) == struct.pack("f", single))


def _general(value: float, digits: int) -> str:
    """`digits` significant digits; with an exponent below 1e-4 and from 1e6 on, as Go's shortest `%g`."""
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if -4 <= int(exponent) < 6:
        return f"{value:.{max(digits - 1 - int(exponent), 0)}f}"
    return f"{mantissa}e{exponent}"
