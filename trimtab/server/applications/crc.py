"""The CRC-32 of bytes put together, from those of the parts, so that nobody has to read the bytes again.

A CRC is a remainder of polynomials over GF(2): appending n bytes multiplies it by x^8n, modulo RFC 1952's polynomial.
"""

POLYNOMIAL = 0xEDB88320
ONE = 1 << 31
"""Bits are reversed: the highest is x^0."""


def combined(first: int, second: int, power_of_second: int) -> int:
    """The CRC of two parts, one after the other."""
    return _multiply(power_of_second, first) ^ second


def power(length: int) -> int:
    """What `combined` needs to know of a part of `length` bytes: x^8n."""
    result, square = ONE, X8
    while length:
        if length & 1:
            result = _multiply(square, result)
        square = _multiply(square, square)
        length >>= 1
    return result


def _multiply(left: int, right: int) -> int:
    product, bit = 0, ONE
    while left:
        if left & bit:
            product ^= right
            left ^= bit
        bit >>= 1
        right = (right >> 1) ^ POLYNOMIAL if right & 1 else right >> 1
    return product


X8 = ONE >> 8
