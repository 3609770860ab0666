"""Noding on arrays: drawn lines become pieces that meet at nodes. Knows no layers.

`kernels` has the compiled loops.
"""
