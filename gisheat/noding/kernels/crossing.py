"""Segments that cross, or touch with a vertex between their line's ends."""

from __future__ import annotations

import numpy as np

from gisheat.kernels import kernel
from gisheat.noding.kernels.cells import longer, longer_rows
from gisheat.noding.kernels.touching import foot_of, square_gap

CROSS, TOUCH = 0, 1


@kernel
def _runs_along(x, y, wx, wy, bx, by, touch):
    """Whether the ways from a place to w and to b run along each other as far as the shorter one goes."""
    one = np.hypot(wx - x, wy - y)
    other = np.hypot(bx - x, by - y)
    short = min(one, other)
    if short <= touch:
        return True
    dx = (wx - x) / one - (bx - x) / other
    dy = (wy - y) / one - (by - y) / other
    return np.hypot(dx, dy) * short <= touch


@kernel
def _parts_here(xy, j, w, offset, owner, touch):
    """Whether the line of vertex j, which lies on segment w of another line (or its own), leaves that line there.

    Where both run along each other before and after the vertex, it is no place to meet.
    """
    x, y = xy[j, 0], xy[j, 1]
    low, high = offset[owner[w]], offset[owner[w] + 1] - 1
    before, after = w, w + 1  # vertices of the other line on both sides of the place
    limit = touch * touch
    if (xy[w, 0] - x) ** 2 + (xy[w, 1] - y) ** 2 <= limit:
        before = w - 1
    elif (xy[w + 1, 0] - x) ** 2 + (xy[w + 1, 1] - y) ** 2 <= limit:
        after = w + 2
    if before < low or after > high:
        return True
    ux, uy, vx, vy = xy[j - 1, 0], xy[j - 1, 1], xy[j + 1, 0], xy[j + 1, 1]
    ax, ay, bx, by = xy[before, 0], xy[before, 1], xy[after, 0], xy[after, 1]
    along = _runs_along(x, y, ux, uy, ax, ay, touch) and _runs_along(x, y, vx, vy, bx, by, touch)
    against = _runs_along(x, y, ux, uy, bx, by, touch) and _runs_along(x, y, vx, vy, ax, ay, touch)
    return not (along or against)


@kernel
def _share(x, y, ax, ay, bx, by):
    """Share of a segment before a place on it, counted from its lower end."""
    if ax > bx or (ax == bx and ay > by):
        ax, ay, bx, by = bx, by, ax, ay
    dx, dy = bx - ax, by - ay
    return min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)))


@kernel
def _crossing(ax, ay, bx, by, cx, cy, dx, dy):
    """Place where two segments cross inside both; whether they do. The same for any direction and order."""
    if ax > bx or (ax == bx and ay > by):
        ax, ay, bx, by = bx, by, ax, ay
    if cx > dx or (cx == dx and cy > dy):
        cx, cy, dx, dy = dx, dy, cx, cy
    if ax > cx or (ax == cx and (ay > cy or (ay == cy and (bx > dx or (bx == dx and by > dy))))):
        ax, ay, bx, by, cx, cy, dx, dy = cx, cy, dx, dy, ax, ay, bx, by
    rx, ry, sx, sy = bx - ax, by - ay, dx - cx, dy - cy
    whole = rx * sy - ry * sx
    if whole == 0.0:
        return False, 0.0, 0.0
    t = ((cx - ax) * sy - (cy - ay) * sx) / whole
    u = ((cx - ax) * ry - (cy - ay) * rx) / whole
    if t <= 0.0 or t >= 1.0 or u <= 0.0 or u >= 1.0:
        return False, 0.0, 0.0
    return True, ax + t * rx, ay + t * ry


@kernel
def _same_side(ax, ay, bx, by, cx, cy, dx, dy, touch):
    """Whether c and d lie on one side of the line a-b, both farther than touch from it."""
    rx, ry = bx - ax, by - ay
    c, d = rx * (cy - ay) - ry * (cx - ax), rx * (dy - ay) - ry * (dx - ax)
    if (c > 0.0) != (d > 0.0):
        return False
    near = min(abs(c), abs(d))
    return near * near > touch * touch * (rx * rx + ry * ry)


@kernel
def _only_meet(xy, v, w, owner, touch):
    """Whether segments begin or end at one place, which is a node of both their lines, and clearly part from there.

    Most segments that are near each other do: this is sooner than to look for what else they could have in common.
    """
    if xy[v, 0] == xy[w, 0] and xy[v, 1] == xy[w, 1]:
        i, j = v, w
    elif xy[v, 0] == xy[w + 1, 0] and xy[v, 1] == xy[w + 1, 1]:
        i, j = v, w + 1
    elif xy[v + 1, 0] == xy[w, 0] and xy[v + 1, 1] == xy[w, 1]:
        i, j = v + 1, w
    elif xy[v + 1, 0] == xy[w + 1, 0] and xy[v + 1, 1] == xy[w + 1, 1]:
        i, j = v + 1, w + 1
    else:
        return False
    for end, segment in ((i, v), (j, w)):  # a vertex between the ends of its line is no node
        beyond = segment - 1 if end == segment else segment + 2
        if 0 <= beyond < len(owner) and owner[beyond] == owner[segment]:
            return False
    x, y = xy[i, 0], xy[i, 1]
    ux, uy = xy[2 * v + 1 - i, 0] - x, xy[2 * v + 1 - i, 1] - y
    wx, wy = xy[2 * w + 1 - j, 0] - x, xy[2 * w + 1 - j, 1] - y
    one, other, limit = ux * ux + uy * uy, wx * wx + wy * wy, 4.0 * touch * touch  # twice as far: rounding is no matter
    if ux * wx + uy * wy <= 0.0:
        return min(one, other) > limit
    across = ux * wy - uy * wx
    return across * across > limit * max(one, other)


@kernel
def find_crossing(
    first, items, xy, owner, offset, bits, level, join, known, touch, kept
):  # fmt: skip
    """Crossings of segments that share a bit, each once for every bucket both are in.

    With `kept` those that are not to be joined (by level, because one of the lines keeps its crossings, or because
    both are known), else those that are. Returns both segments, share of each from its lower end, place, CROSS or
    TOUCH.
    """
    room = 64
    segments = np.empty((room, 2), np.int32)
    values = np.empty((room, 4))
    kind = np.empty(room, np.int8)
    count = 0
    for h in range(len(first) - 1):
        for e in range(first[h], first[h + 1]):
            v = items[e]
            p = owner[v]
            ax, ay, bx, by = xy[v, 0], xy[v, 1], xy[v + 1, 0], xy[v + 1, 1]
            left, right = min(ax, bx) - touch, max(ax, bx) + touch
            bottom, top = min(ay, by) - touch, max(ay, by) + touch
            for f in range(e + 1, first[h + 1]):
                w = items[f]
                q = owner[w]
                cx, cy, dx, dy = xy[w, 0], xy[w, 1], xy[w + 1, 0], xy[w + 1, 1]
                if min(cx, dx) > right or max(cx, dx) < left or min(cy, dy) > top or max(cy, dy) < bottom:
                    continue
                if p == q and abs(v - w) <= 1:
                    continue
                if _only_meet(xy, v, w, owner, touch):
                    continue
                if (bits[p] & bits[q]) == 0:
                    continue
                joined = join[p] and join[q] and level[p] == level[q] and not (known[p] and known[q])
                if joined == kept:
                    continue
                if _same_side(ax, ay, bx, by, cx, cy, dx, dy, touch):
                    continue
                if _same_side(cx, cy, dx, dy, ax, ay, bx, by, touch):
                    continue
                hit = False
                for z in range(4):
                    j, s = (v + z, w) if z < 2 else (w + z - 2, v)
                    gap = square_gap(xy[j, 0], xy[j, 1], xy[s, 0], xy[s, 1], xy[s + 1, 0], xy[s + 1, 1])
                    if gap > touch * touch:
                        continue
                    hit = True
                    if j == offset[owner[j]] or j == offset[owner[j] + 1] - 1:
                        continue  # a node
                    if not _parts_here(xy, j, s, offset, owner, touch):
                        continue
                    if count == room:
                        room *= 2
                        segments, values = longer_rows(segments, room), longer_rows(values, room)
                        kind = longer(kind, room)
                    t, _, _, _ = foot_of(xy[j, 0], xy[j, 1], xy[s, 0], xy[s, 1], xy[s + 1, 0], xy[s + 1, 1], touch)
                    own = v if z < 2 else w
                    upper = xy[own, 0] > xy[own + 1, 0] or (
                        xy[own, 0] == xy[own + 1, 0] and xy[own, 1] > xy[own + 1, 1]
                    )
                    segments[count, 0], segments[count, 1] = own, s
                    values[count, 0] = 1.0 if (j == own) == upper else 0.0
                    values[count, 1] = t
                    values[count, 2], values[count, 3] = xy[j, 0], xy[j, 1]
                    kind[count] = TOUCH
                    count += 1
                if hit:
                    continue
                crosses, x, y = _crossing(ax, ay, bx, by, cx, cy, dx, dy)
                if not crosses:
                    continue
                if count == room:
                    room *= 2
                    segments, values = longer_rows(segments, room), longer_rows(values, room)
                    kind = longer(kind, room)
                segments[count, 0], segments[count, 1] = v, w
                values[count, 0] = _share(x, y, ax, ay, bx, by)
                values[count, 1] = _share(x, y, cx, cy, dx, dy)
                values[count, 2], values[count, 3] = x, y
                kind[count] = CROSS
                count += 1
    return segments[:count].copy(), values[:count].copy(), kind[:count].copy()
