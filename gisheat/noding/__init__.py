"""Noding on arrays: drawn lines become pieces that meet at nodes. Knows no layers.

`noding` has `node_lines`, `model` what goes in and comes out, `state` what it works on, `joining` one pass, `remarks`
the events that are told at the end, `kernels` the compiled loops.
"""

from gisheat.noding.model import EXACT, KINDS, PAIR, RETURN, SUPPLY, Events, Lines, Noded, Rules
from gisheat.noding.noding import node_lines

__all__ = ["EXACT", "KINDS", "PAIR", "RETURN", "SUPPLY", "Events", "Lines", "Noded", "Rules", "node_lines"]
