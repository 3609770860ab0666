"""Compiled loops of `gisheat.noding`; numba takes the types from the call."""
