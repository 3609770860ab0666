"""The order of elimination against elimination by the book, on sets."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gisheat.numerics.ordering import eliminate


def filled(start, end, order):
    """Later neighbours of each node when it is eliminated, as numbers in the order."""
    place = {node: i for i, node in enumerate(order.tolist())}
    near = {i: set() for i in place.values()}
    for a, b in zip(start.tolist(), end.tolist(), strict=True):
        if a < len(order) and b < len(order) and a != b:
            near[place[a]].add(place[b])
            near[place[b]].add(place[a])
    later = []
    for i in range(len(order)):
        later.append(sorted(j for j in near[i] if j > i))
        for j in later[i]:
            near[j] |= set(later[i]) - {j}
    return later


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 40), st.integers(0, 100), st.integers(0, 2**32 - 1))
def test_the_blocks_hold_the_pattern_of_the_factor(size, count, seed):
    start, end = np.random.default_rng(seed).integers(0, size + 2, (2, count)).astype(np.int32)
    found = eliminate(start, end, size)
    assert sorted(found.order.tolist()) == list(range(size))
    assert found.place[found.order].tolist() == list(range(size))
    later = filled(start, end, found.order)
    for b, parent in enumerate(found.parent.tolist()):
        own = range(found.block_from[b], found.block_from[b + 1])
        rows = found.row[found.row_from[b] : found.row_from[b + 1]].tolist()
        for i in own:
            assert later[i] == [*range(i + 1, own.stop), *rows]
        assert (found.block_from[parent] <= rows[0] < found.block_from[parent + 1]) if rows else parent == -1


def test_a_path_fills_nothing():
    nodes = np.random.default_rng(3).permutation(200).astype(np.int32)
    found = eliminate(nodes[:-1], nodes[1:], 200)
    assert len(found.row) + sum(n * (n - 1) // 2 for n in np.diff(found.block_from).tolist()) == 199


def test_on_a_grid_the_factor_grows_little_faster_than_the_grid():
    # nested dissection, the best there is for large grids, leaves about 31/8 n log2 n entries (George 1973: n = side^2)
    side = 60
    cell = np.arange(side * side, dtype=np.int32).reshape(side, side)
    start = np.concatenate([cell[:, :-1].ravel(), cell[:-1].ravel()])
    end = np.concatenate([cell[:, 1:].ravel(), cell[1:].ravel()])
    found = eliminate(start, end, side * side)
    own, rows = np.diff(found.block_from).astype(int), np.diff(found.row_from)
    entries = int((own * (own - 1) // 2 + own * rows).sum())
    assert entries < 31 / 8 * side**2 * np.log2(side)


def test_subtrees_are_together_and_end_with_their_root():
    random = np.random.default_rng(5)
    start, end = random.integers(0, 300, (2, 500)).astype(np.int32)
    parent = eliminate(start, end, 300).parent
    below = np.ones(len(parent), int)
    for b, up in enumerate(parent.tolist()):
        if up >= 0:
            assert up > b
            below[up] += below[b]
    for b, up in enumerate(parent.tolist()):
        if up >= 0:
            assert up - below[up] < b - below[b] + 1 <= b
