"""Topology: layers to a network, with the fate of every feature.

`repair` and `build_network` are the stages. `repair` brings streets and pipes into order with `gisheat.noding`:
`ragged` makes arrays of them, `drawn` rows of their pieces, `pairs` and `chains` make one line of several, `events`
says what was done. `build_network` makes a network of the pipes: `connections` joins stations and sources, `devices`
and `links` valves and pumps, `attributes` makes the network's arrays from columns, `heights` finds the ground,
`accounts` says what became of each feature.
"""

from __future__ import annotations

from gisheat.topology.accounts import lineage_of
from gisheat.topology.build import Drawing, build_network, in_phase
from gisheat.topology.points import all_points
from gisheat.topology.repair import Repaired, RepairRules, repair

__all__ = ["Drawing", "RepairRules", "Repaired", "all_points", "build_network", "in_phase", "lineage_of", "repair"]
