"""Topology: layers to a network, with the fate of every feature.

`build_network` is the stage; `noding` works on arrays of lines, `connections` joins stations and sources,
`attributes` makes the network's arrays from columns, `heights` finds the ground.
"""

from __future__ import annotations

from gisheat.topology.build import Drawing, build_network, in_phase

__all__ = ["Drawing", "build_network", "in_phase"]
