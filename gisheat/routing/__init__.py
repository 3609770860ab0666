"""Routing: streets, stations, sources and pipes that are there to new trenches.

`planning.route` is the stage; `lines` puts streets in an order of their own, `costs` prices them, `feet` finds where
stations and pipes may be joined, `graph` puts all together, `choice` asks `gisheat.graphs` for the tree and the
rings, `trenches` makes rows of the pipes layer, `accounts` says what was found.
"""

from __future__ import annotations

from gisheat.graphs.load_tree import TrenchCost
from gisheat.routing.costs import class_factors
from gisheat.routing.planning import Routed, read_pairs, route, rules_of_options
from gisheat.routing.rules import RouteRules

__all__ = ["RouteRules", "Routed", "TrenchCost", "class_factors", "read_pairs", "route", "rules_of_options"]
