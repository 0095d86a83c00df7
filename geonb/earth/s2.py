"""S2 cell ids for whole arrays of points: the part of Google's S2 geometry that cells need.

Follows the S2 reference library (https://s2geometry.io/devguide/s2cell_hierarchy): the six
faces of a cube, its quadratic projection, and a Hilbert curve on each face. The libraries for
Python take one point at a time; a partition of 33.9 million photos needs arrays.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint64]
Floats = NDArray[np.float64]

MAX_LEVEL = 30
"""The level of the leaf cells, about a centimetre wide."""
_CHUNK = 1 << 18  # points worked on at a time: small enough for the processor's cache

# Hilbert curve: which quadrant comes at each position, and how the curve turns inside it.
_POS_TO_IJ = ((0, 1, 3, 2), (0, 2, 3, 1), (3, 2, 0, 1), (3, 1, 0, 2))
_POS_TO_TURN = (1, 0, 0, 3)


@cache
def tables() -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Four levels of the curve at once: (i, j, turn) to (position, turn), and back."""
    to_pos, to_ij = np.zeros(1024, np.uint64), np.zeros(1024, np.int64)

    def walk(level: int, i: int, j: int, start: int, pos: int, turn: int) -> None:
        if level == 4:
            ij = (i << 4) + j
            to_pos[(ij << 2) + start] = (pos << 2) + turn
            to_ij[(pos << 2) + start] = (ij << 2) + turn
            return
        for p, quadrant in enumerate(_POS_TO_IJ[turn]):
            child = (i << 1) + (quadrant >> 1), (j << 1) + (quadrant & 1)
            walk(level + 1, *child, start, (pos << 2) + p, turn ^ _POS_TO_TURN[p])

    for turn in range(4):
        walk(0, 0, 0, turn, 0, turn)
    return to_pos, to_ij


def unit_vectors(points: Floats) -> Floats:
    """Degrees (..., 2) as unit vectors (..., 3)."""
    lat, lng = np.radians(points[..., 0]), np.radians(points[..., 1])
    return np.stack([np.cos(lat) * np.cos(lng), np.cos(lat) * np.sin(lng), np.sin(lat)], axis=-1)


def to_degrees(vectors: Floats) -> Floats:
    """Vectors (..., 3) of any length as degrees (..., 2)."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return np.degrees(np.stack([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)], axis=-1))


def leaf_ids(points: Floats) -> Ids:
    """The leaf cell of each point: degrees (N, 2) to ids (N,)."""
    ids = np.empty(len(points), np.uint64)
    for start in range(0, len(points), _CHUNK):
        part = slice(start, start + _CHUNK)
        ids[part] = ids_of_vectors(unit_vectors(points[part]))
    return ids


def ids_of_vectors(xyz: Floats) -> Ids:
    """The leaf cell of each vector, (N, 3) of any length."""
    x, y, z = xyz.T
    # Of equal axes the later one wins, as in the reference library.
    axis = 2 - np.argmax(np.abs(xyz[:, ::-1]), axis=1)
    face = axis + 3 * (np.take_along_axis(xyz, axis[:, None], 1)[:, 0] < 0)
    u = np.choose(face, (y, -x, -x, z, z, -y)) / np.choose(axis, (x, y, z))
    v = np.choose(face, (z, z, -y, y, -x, -x)) / np.choose(axis, (x, y, z))
    return _hilbert(face, _to_index(u), _to_index(v))


def _to_index(u: Floats) -> NDArray[np.int64]:
    """Face coordinate in [-1, 1] to a leaf's row or column, 0 to 2**30 - 1."""
    root = 0.5 * np.sqrt(1 + 3 * np.abs(u))
    s = np.where(u >= 0, root, 1 - root)
    return np.clip(np.floor(s * 2.0**MAX_LEVEL), 0, 2**MAX_LEVEL - 1).astype(np.int64)


def _hilbert(face: NDArray[np.int64], i: NDArray[np.int64], j: NDArray[np.int64]) -> Ids:
    to_pos, _ = tables()
    ids, turn = face.astype(np.uint64), (face & 1).astype(np.uint64)
    ids = ids << np.uint64(60)
    for k in range(28, -1, -4):
        step = to_pos[(((i >> k & 15) << 6) | ((j >> k & 15) << 2)) | turn.astype(np.int64)]
        ids |= (step >> np.uint64(2)) << np.uint64(2 * k)
        turn = step & np.uint64(3)
    return ids * np.uint64(2) + np.uint64(1)


def lowest_bit(ids: Ids) -> Ids:
    """The marker bit of each id, which tells its level."""
    return ids & (~ids + np.uint64(1))


def levels(ids: Ids) -> NDArray[np.int64]:
    """0 for a face of the cube to 30 for a leaf."""
    return MAX_LEVEL - (np.log2(lowest_bit(ids).astype(np.float64)) / 2).astype(np.int64)


def ranges(ids: Ids) -> tuple[Ids, Ids]:
    """First and last leaf id inside each cell."""
    reach = lowest_bit(ids) - np.uint64(1)
    return ids - reach, ids + reach


def parents(ids: Ids, level: int | NDArray[np.int64]) -> Ids:
    """The cell of ``level``, or of a level each, that holds each cell, itself or one below it."""
    bit = np.uint64(1) << np.asarray(2 * (MAX_LEVEL - level), np.uint64)
    return (ids & (~bit + np.uint64(1))) | bit


def children(ids: Ids) -> Ids:
    """The four cells inside each cell, in the order of the curve: ids (N,) to (N, 4)."""
    step = (lowest_bit(ids) >> np.uint64(2)).astype(np.int64)
    offsets = step[:, None] * np.array([-3, -1, 1, 3])
    return ids[:, None] + offsets.astype(np.uint64)  # wraps around, as it should


def valid(ids: Ids) -> NDArray[np.bool_]:
    """Whether each id is that of a cell: a face below 6, the marker bit at an even place."""
    even = np.uint64(0x1555555555555555)
    return ((ids >> np.uint64(61)) < 6) & ((lowest_bit(ids) & even) != 0)


def to_tokens(ids: Ids) -> list[str]:
    """Ids as tokens: hexadecimal without its trailing zeros."""
    return [f"{i:016x}".rstrip("0") for i in ids.tolist()]
