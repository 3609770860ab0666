"""What a reader of a kind of sources gives, and how it is called: `files.READERS` has them by endings of names."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import geopandas as gpd

from gisheat.findings import Finding


@dataclass(frozen=True, slots=True)
class Read:
    """A table as it stands in a source, the feature id as index; what was assumed, and what is doubtful."""

    table: gpd.GeoDataFrame
    """A plain DataFrame where the source has no geometry."""
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    sha256: str = ""
    """Of the rows of a database; files have a hash of their own."""


class Reader(Protocol):
    """A module that reads a kind of sources."""

    @property
    def guess_layers(self) -> Callable[[Path], dict[str, str]] | None:
        """Sources of the layers of the contract, as words in names tell; None where such words do not count.

        Where they do, a source may name several layers, or none.
        """

    def prepared(self, file: Path, /) -> AbstractContextManager[Path]:
        """The file to read: itself, or a copy where reading it would change it."""

    def layer_names(self, file: Path) -> list[str]:
        """Names of the layers."""

    def column_names(self, file: Path, name: str) -> list[str]:
        """Names of the columns of a layer, its geometry aside."""

    def read(self, layer: str, file: Path, name: str, encoding: str | None) -> Read:
        """Read a layer.

        Parameters
        ----------
        layer : str
            What it is in the contract: pipes, stations ...
        encoding : str, optional
            Code of its texts, where the user says one.

        Raises
        ------
        InputError, RuntimeError, ValueError, OSError
            If it can't be read.
        """
