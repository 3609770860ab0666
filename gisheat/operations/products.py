"""All products of the planner's desk in one folder: what one of them can't be made of is said, the others are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from gisheat import bill, maps, outputs
from gisheat.duration import add_duration_findings, write_duration
from gisheat.equipment import add_equipment, write_equipment
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
    add_findings: Callable[[State, Progress | None], State] | None = None
    """Adds what is to be remarked before it is written."""
    gathers: bool = False
    """Shows the pictures and findings that were made before it."""


PRODUCTS = (
    Product(desk.table, write_table, ("hydraulic-table.xlsx",)),
    Product(
        desk.profile, outputs.write_diagram,
        ("pressure-diagram.png", "pressure-diagram.svg", "pressure-diagram.dxf"),
    ),
    Product(desk.regulate, write_regulation, ("regulation.png", "regulation.svg", "regulation.xlsx")),
    Product(desk.duration, write_duration, ("load-duration.png", "load-duration.svg", "load-duration.xlsx"),
            add_duration_findings),
    Product(desk.equip, write_equipment, ("station-equipment.xlsx",), add_equipment),
    Product(desk.cost, bill.write_bill, ("cost.xlsx",), bill.add_cost_findings),
    Product(desk.draw, partial(maps.write_map, kind="loads"), ("map-loads.png",)),
    Product(desk.draw, partial(maps.write_map, kind="phases"), ("map-phases.png",)),
    Product(desk.draw, partial(maps.write_map, kind="sketch"), ("map-sketch.png",)),
    Product(desk.report, write_page, ("report.html",), gathers=True),
)  # fmt: skip
"""In the order in which they are made; the report comes last."""
PRODUCT_FILES = tuple(name for product in PRODUCTS for name in product.files)


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
    count, done = sum(len(product.files) for product in PRODUCTS), 0
    for product in PRODUCTS:
        ready = replace(state, options=resolve_options(product.operation, state.project, {}) | dict(state.options))
        missing: dict[str, str] = {}
        if product.add_findings is not None:
            try:
                remarked = product.add_findings(ready, None)
                findings += remarked.findings[len(ready.findings) :]
            except GisheatError as error:
                missing = dict.fromkeys(product.files, str(error))
        for name in product.files:
            report(progress, 0.85 + 0.15 * done / count, f"writing {name}")
            done += 1
            try:
                if name not in missing:
                    made += _written(product, ready, folder / name, made, findings)
            except Cancelled:
                raise
            except GisheatError as error:
                missing[name] = str(error)
        for why in dict.fromkeys(missing.values()):
            names = " and ".join(name for name in missing if missing[name] == why)
            were = "were" if " and " in names else "was"
            findings.append(Finding("product-missing", "error", "", f"{names} {were} not made: {why}"))
    return tuple(made), tuple(findings)


def _written(
    product: Product, state: State, target: Path, made: Sequence[Path], findings: Sequence[Finding]
) -> tuple[Path, ...]:
    """Files of a product; one that gathers has the pictures and findings of those before it."""
    if product.gathers:
        return write_page(replace(state, findings=(*state.findings, *findings)), target, made)[1]
    return product.write(state, target)[1]
