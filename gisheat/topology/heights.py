"""Ground heights of nodes: given, from the line's Z, from a terrain raster, or interpolated along the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from gisheat.errors import InputError
from gisheat.numerics.incidence import reachable, sum_at

Array = NDArray[np.float64]
Index = NDArray[np.int64]


def from_raster(file: str, xy: Array, crs: CRS | None) -> Array:
    """Heights [m] of a terrain raster at points (n, 2), NaN outside of it.

    Raises
    ------
    InputError
        If the raster can't be read, carries no CRS, or rasterio is not installed.
    """
    try:
        import rasterio
    except ImportError as error:
        raise InputError('the terrain raster needs the package rasterio: pip install "gisheat[terrain]".') from error
    if not Path(file).is_file():
        raise InputError(f"terrain: there is no file {file}.")
    try:
        with rasterio.open(file) as raster:
            if raster.crs is None:
                raise InputError(f"terrain: {file} carries no CRS.")
            into = Transformer.from_crs(crs, CRS.from_wkt(raster.crs.to_wkt()), always_xy=True)
            places = np.column_stack(into.transform(xy[:, 0], xy[:, 1]))
            sampled = raster.sample(places, indexes=1, masked=True)
            band = np.array([np.nan if np.ma.is_masked(v[0]) else float(v[0]) for v in sampled])
            inside = (places >= raster.bounds[:2]).all(axis=1) & (places <= raster.bounds[2:]).all(axis=1)
    except rasterio.errors.RasterioError as error:
        raise InputError(f"terrain: {file} cannot be read: {str(error).rstrip('.')}.") from error
    return np.where(inside, band, np.nan)


def interpolate(height: Array, start: Index, end: Index, length: Array) -> Array:
    """Heights [m] with the unknown ones (NaN) filled along the network.

    Between known neighbours the height runs linearly with the length; at a junction it is the mean weighted
    by 1/length (Laplace's equation on the graph). Nodes that hang together with no known height stay NaN.
    """
    count = len(height)
    known = ~np.isnan(height)
    reached = reachable(start, end, count, np.flatnonzero(known))
    free = np.flatnonzero(reached & ~known)
    result = height.copy()
    if not len(free):
        return result
    weight = 1.0 / np.maximum(length, 1e-3)
    number = np.full(count, -1, np.int64)
    number[free] = np.arange(len(free))
    used = (number[start] >= 0) | (number[end] >= 0)
    a, b, w = number[start[used]], number[end[used]], weight[used]
    both = (a >= 0) & (b >= 0)
    diagonal = sum_at(a[a >= 0], w[a >= 0], len(free)) + sum_at(b[b >= 0], w[b >= 0], len(free))
    fixed = np.where(known, height, 0.0)
    rhs = sum_at(a[(a >= 0) & (b < 0)], (w * fixed[end[used]])[(a >= 0) & (b < 0)], len(free))
    rhs += sum_at(b[(b >= 0) & (a < 0)], (w * fixed[start[used]])[(b >= 0) & (a < 0)], len(free))
    index = np.arange(len(free))
    values = np.concatenate([diagonal, -w[both], -w[both]])
    rows, columns = np.concatenate([index, a[both], b[both]]), np.concatenate([index, b[both], a[both]])
    matrix = csc_array((values, (rows, columns)), shape=(len(free), len(free)))
    result[free] = splu(matrix).solve(rhs)
    return result
