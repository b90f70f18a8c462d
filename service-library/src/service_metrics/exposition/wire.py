"""The protobuf wire format, as much of it as the exposition needs (protobuf.dev, "Encoding")."""

from __future__ import annotations

from struct import Struct

_DOUBLE = Struct("<d").pack
_UINT64 = (1 << 64) - 1
_SMALL = [bytes((number,)) for number in range(0x80)]


def varint(number: int) -> bytes:
    """Return an integer in base 128; a negative one in two's complement of 64 bits."""
    if 0 <= number < 0x80:
        return _SMALL[number]
    number &= _UINT64
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def read_varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """Return the integer at `position`, and where it ends.

    Raises:
        IndexError: the data ends within it.
    """
    number = shift = 0
    while (byte := data[position]) >= 0x80:
        number |= (byte & 0x7F) << shift
        shift += 7
        position += 1
    return number | byte << shift, position + 1


def integer(field: int, value: int) -> bytes:
    """Return a field of type int32, int64, uint64 or enum."""
    return varint(field << 3) + varint(value)


def double(field: int, value: float) -> bytes:
    """Return a field of type double."""
    return varint(field << 3 | 1) + _DOUBLE(value)


def delimited(field: int, content: bytes) -> bytes:
    """Return a field that is a message."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def text(field: int, value: str) -> bytes:
    """Return a field of type string."""
    return delimited(field, value.encode())
