"""Little OpenStreetMap extracts with invented streets, as .osm (XML) and .pbf (protocol buffers), written here.

The .pbf is written by the published description of the format: blocks of a header with its size, the content deflated;
dense nodes, ways with references as differences, both counted from the values before them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import quoteattr

NODES = {
    1: (128.0400, 45.9500), 2: (128.0413, 45.9500), 3: (128.0426, 45.9500), 4: (128.0413, 45.9509),
    5: (128.0413, 45.9491), 6: (128.0500, 45.9500),
}  # fmt: skip
"""Longitude and latitude [degrees] by number: an east-west street, one that crosses it, a road far in the east."""
WAYS = {
    101: ([1, 2, 3], {"highway": "residential", "name": "北环路", "surface": "asphalt", "width": "7.5"}),
    102: ([4, 2, 5], {"highway": "service"}),
    103: ([3, 6], {"highway": "primary", "name": "A & B", "bridge": "yes", "layer": "1"}),
    104: ([4, 3], {"highway": "footway"}),
    105: ([1, 4], {"waterway": "river", "name": "no street"}),
    106: ([1, 5], {"highway": "tertiary", "tunnel": "yes"}),
}  # fmt: skip


def write_osm(path: Path) -> Path:
    """Write the extract as XML."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    lines += [f'<node id="{n}" lon="{x:.7f}" lat="{y:.7f}" version="1"/>' for n, (x, y) in NODES.items()]
    for number, (nodes, tags) in WAYS.items():
        refs = "".join(f'<nd ref="{n}"/>' for n in nodes)
        said = "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())
        lines.append(f'<way id="{number}" version="1">{refs}{said}</way>')
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def write_pbf(path: Path) -> Path:
    """Write the extract as protocol buffers."""
    words = ["", *dict.fromkeys(w for _, tags in WAYS.values() for pair in tags.items() for w in pair)]
    numbers = list(NODES)
    units = [[round(NODES[n][axis] * 1e7) for n in numbers] for axis in (1, 0)]  # of 100 nanodegrees
    dense = _bytes(1, _packed(_differences(numbers))) + b"".join(
        _bytes(field, _packed(_differences(values))) for field, values in zip((8, 9), units, strict=True)
    )
    ways = b""
    for number, (nodes, tags) in WAYS.items():
        keys, values = ([words.index(w) for w in pairs] for pairs in (tags.keys(), tags.values()))
        way = _number(1, number) + _bytes(2, b"".join(map(_varint, keys))) + _bytes(3, b"".join(map(_varint, values)))
        ways += _bytes(3, way + _bytes(8, _packed(_differences(nodes))))
    strings = b"".join(_bytes(1, word.encode()) for word in words)
    block = _bytes(1, strings) + _bytes(2, _bytes(2, dense)) + _bytes(2, ways)
    header = _bytes(4, b"OsmSchema-V0.6") + _bytes(4, b"DenseNodes")
    path.write_bytes(_blob(b"OSMHeader", header) + _blob(b"OSMData", block))
    return path


def _blob(kind: bytes, content: bytes) -> bytes:
    blob = _number(2, len(content)) + _bytes(3, zlib.compress(content))
    header = _bytes(1, kind) + _number(3, len(blob))
    return struct.pack(">I", len(header)) + header + blob


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _differences(values: Iterable[int]) -> list[int]:
    found, before = [], 0
    for value in values:
        found.append(value - before)
        before = value
    return found


def _packed(values: Iterable[int]) -> bytes:
    """Signed numbers, zigzag: 0, -1, 1, -2 ... are 0, 1, 2, 3 ..."""
    return b"".join(_varint(value * 2 if value >= 0 else -value * 2 - 1) for value in values)
