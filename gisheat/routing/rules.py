"""What routing goes by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gisheat.graphs.load_tree import TrenchCost


@dataclass(frozen=True)
class RouteRules:
    """Limits, prices and wishes of a routing; lengths in metres, loads in watts.

    Attributes
    ----------
    tolerance : float
        Places closer than this are one node [m].
    max_connection : float
        Farthest a station or source may lie from a street or pipe [m].
    at_vertex : bool
        Connections end at vertices of streets, not anywhere along them.
    connection_cost : float
        Cost of a metre of connection relative to a metre of trench in an ordinary street.
    class_factor : mapping
        Cost factor by street class; 1 for classes that are not named.
    pipe_to_street : float
        Longest link between a pipe that is there and a street [m].
    join_anywhere : bool
        Pipes that are there may be tapped anywhere, not only at their ends.
    trench : TrenchCost, optional
        What a metre of trench costs by the load it carries; None: the same whatever it carries, so that the least
        length is chosen.
    ring_load : float, optional
        Largest load behind any single trench [W]; no rings when None.
    ring_pairs : tuple of pairs of names
        Stations, sources or nodes that must stay joined whichever trench fails.
    trunk_share : float
        Trenches that carry this share of the load or more are trunks.
    seconds : float, optional
        Time after which the search for better trees ends; a fixed number of moves when None.
    """

    tolerance: float = 0.5
    max_connection: float = 200.0
    at_vertex: bool = False
    connection_cost: float = 1.0
    class_factor: Mapping[str, float] = field(default_factory=dict)
    pipe_to_street: float = 30.0
    join_anywhere: bool = True
    trench: TrenchCost | None = field(default_factory=TrenchCost)
    ring_load: float | None = None
    ring_pairs: tuple[tuple[str, str], ...] = ()
    trunk_share: float = 0.1
    seconds: float | None = None
