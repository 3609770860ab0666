"""Parameters of what changes the utility's own map, in the manner of `gisheat.quantities`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from gisheat.places import Database
from gisheat.quantities import Argument

InPlace = Annotated[
    bool, Argument("Write into the base itself, in one transaction; without it a copy is written.", False)
]

# write-back
OwnMap = Annotated[
    Path | Database,
    Argument("Base: the utility's own map, a project file, a file of layers, or one layer as FILE|layername.",
             dataset="input"),
]  # fmt: skip
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
