"""Compiled loops of `gisheat.graphs`; numba takes the types from the call."""
