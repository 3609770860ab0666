"""Parameters of the as-built map, in the manner of `gisheat.quantities`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from gisheat.places import Database
from gisheat.quantities import Argument

BaseState = Annotated[
    Path | Database,
    Argument(
        "Base: a GeoPackage, a project file whose layers lie in one, or a PostGIS schema (postgresql://...).",
        dataset="input",
    ),
]
ChangesInput = Annotated[
    Path | Database,
    Argument(
        "What changed: a survey or design (a project file, a file or PostGIS schema of layers), or a change set that"
        " --dry-run wrote.",
        dataset="input",
    ),
]
Ancestor = Annotated[
    str,
    Argument(
        "State that CHANGES was made from, where the base has changed since: what both changed is a conflict.",
        dataset="file",
    ),
]
InPlace = Annotated[
    bool, Argument("Write into the base itself, in one transaction; without it a copy is written.", False)
]
DryRun = Annotated[
    bool, Argument("Change nothing: write the change set, to be read, edited, approved and merged.", False)
]
Missing = Annotated[
    Literal["auto", "remove", "keep"],
    Argument(
        "Features that CHANGES does not show: auto removes them where it shows at least half of their layer, else keeps"
        " them.",
        "auto",
    ),
]
EmptyValues = Annotated[
    Literal["keep", "apply"],
    Argument("Values that are empty in CHANGES and known in the base: kept, or taken out.", "keep"),
]
NewColumns = Annotated[
    Literal["contract", "all", "none"],
    Argument(
        "Columns that the base lacks: added where gisheat knows them as an input, all of them, or none.", "contract"
    ),
]
ToState = Annotated[
    int,
    Argument("State to go back to: 0 before the first merge, n after run n of the history; before the last merge when"
             " empty.", None, 0, 1_000_000_000),
]  # fmt: skip

# write-back
OwnMap = Annotated[
    Path | Database,
    Argument(
        "Base: the utility's own map, a project file, a file or PostGIS schema of layers, or one layer as"
        " FILE|layername.",
        dataset="input",
    ),
]
SolvedResult = Annotated[
    Path | Database,
    Argument("Result whose figures land on the features of the base (not needed with remove).", dataset="input"),
]
WriteForm = Annotated[
    Literal["columns", "view"],
    Argument("Columns of the layer itself, or a table of their own and a view that joins it with the geometry.",
             "columns"),
]  # fmt: skip
WrittenColumns = Annotated[
    str,
    Argument("Columns of the contract to write, separated by commas; all result columns that hold a value when empty."),
]
WrittenLayers = Annotated[
    str,
    Argument("Layers to write to, by their names in the contract, separated by commas; all that have results when"
             " empty. Of a single layer: which of the contract it is."),
]  # fmt: skip
RemoveWritten = Annotated[bool, Argument("Take away what earlier write-backs have written.", False)]
