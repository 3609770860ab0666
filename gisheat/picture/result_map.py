"""The map of a result: pipes as wide as their diameter and coloured by specific friction, stations by surplus head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gisheat.picture import layers, legend
from gisheat.picture.naming import show_names

if TYPE_CHECKING:
    from gisheat.picture.plan import Plan


def draw_result(plan: Plan) -> None:
    """Draw the map and its panel."""
    axes, content = plan.axes, plan.content
    pipes = layers.pipe_look(content, plan.density)
    stations = layers.station_look(content, plan.density)
    nodes = layers.critical_nodes(content, pipes)
    layers.draw_streets(axes, content, plan.density)
    layers.draw_pipes(axes, content, pipes)
    layers.draw_nodes(axes, content.nodes.xy[nodes], pipes.node_size)
    layers.draw_stations(axes, content.stations, stations)
    layers.draw_sources(axes, content.sources.xy)
    layers.draw_findings(axes, content.findings)
    show_names(axes, content, pipes, stations, nodes, plan.page.face, plan.page.sheet.map_frame)
    legend.draw_panel(plan.page, content, pipes, stations, len(nodes), plan.notes)
