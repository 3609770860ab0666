"""All products of the planner's desk in one folder: what one of them can't be made of is said, the others are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from gisheat import bill, maps, outputs
from gisheat.duration import write_duration
from gisheat.equipment import write_equipment
from gisheat.errors import Cancelled, GisheatError, InputError
from gisheat.findings import Finding
from gisheat.hydraulic_table import write_table
from gisheat.operations import desk
from gisheat.operations.running import Report, Writer, resolve_options, write_page
from gisheat.regulation_table import write_regulation
from gisheat.state import Progress, State, report


@dataclass(frozen=True)
class Product:
    """What one operation of the desk leaves."""

    operation: Callable[..., Report]
    """Whose options it has; they come from the project file, or are the defaults."""
    write: Writer
    files: tuple[str, ...]
    gathers: bool = False
    """Shows the pictures that were made before it."""


PRODUCTS = (
    Product(desk.table, write_table, ("hydraulic-table.xlsx",)),
    Product(
        desk.profile, outputs.write_diagram,
        ("pressure-diagram.png", "pressure-diagram.svg", "pressure-diagram.dxf"),
    ),
    Product(desk.regulate, write_regulation, ("regulation.png", "regulation.svg", "regulation.xlsx")),
    Product(desk.duration, write_duration, ("load-duration.png", "load-duration.svg", "load-duration.xlsx")),
    Product(desk.equip, write_equipment, ("station-equipment.xlsx",)),
    Product(desk.cost, bill.write_bill, ("cost.xlsx",)),
    Product(desk.draw, partial(maps.write_map, kind="loads"), ("map-loads.png",)),
    Product(desk.draw, partial(maps.write_map, kind="phases"), ("map-phases.png",)),
    Product(desk.draw, partial(maps.write_map, kind="sketch"), ("map-sketch.png",)),
    Product(desk.report, write_page, ("report.html",), gathers=True),
)  # fmt: skip
"""In the order in which they are made; the report comes last."""


def write_products(
    folder: Path, state: State, progress: Progress | None
) -> tuple[tuple[Path, ...], tuple[Finding, ...]]:
    """Make every product of a solved state in a folder; the files, and a finding for each that can't be made.

    Raises
    ------
    InputError
        If the folder can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"products {folder}: the folder can't be made: {error.strerror or error}.") from error
    made: list[Path] = []
    findings: list[Finding] = []
    wanted = [(product, name) for product in PRODUCTS for name in product.files]
    for done, (product, name) in enumerate(wanted):
        report(progress, 0.85 + 0.15 * done / len(wanted), f"writing {name}")
        try:
            options = resolve_options(product.operation, state.project, {}) | dict(state.options)
            ready = replace(state, options=options)
            _, files = (
                write_page(ready, folder / name, made) if product.gathers else product.write(ready, folder / name)
            )
            made += files
        except Cancelled:
            raise
        except GisheatError as error:
            findings.append(Finding("product-missing", "error", "", f"{name} was not made: {error}"))
    return tuple(made), tuple(findings)
