"""Results of a sweep: a table with a row for each scenario, and on request what was found in each."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Self

import pandas as pd

from gisheat.errors import InputError

PART = "part-{:05d}.parquet"


@dataclass(frozen=True)
class SweepResults:
    """Results of a sweep.

    Attributes
    ----------
    scenarios : DataFrame
        A row for each scenario, columns of the contract's table `scenarios`; `message` says why there is no result.
    pipes, nodes, stations : DataFrame or None
        A row for each scenario and each pipe, node, station, where these were kept.
    """

    scenarios: pd.DataFrame
    pipes: pd.DataFrame | None = None
    nodes: pd.DataFrame | None = None
    stations: pd.DataFrame | None = None

    def to_parquet(self, folder: str | Path) -> list[Path]:
        """Write every table as FOLDER/NAME/part-00000.parquet; needs pyarrow (the extra `parquet`).

        Raises
        ------
        InputError
            If pyarrow is missing, or the folder can't be written or holds something else.
        """
        tables = {"scenarios": self.scenarios, "pipes": self.pipes, "nodes": self.nodes, "stations": self.stations}
        with ParquetFolder(Path(folder)) as target:
            for name, table in tables.items():
                if table is not None:
                    target.write(name, table)
        return target.files


class ParquetFolder:
    """A folder of Parquet files that appears whole or not at all; a folder that a sweep left before is replaced."""

    def __init__(self, folder: Path) -> None:
        if find_spec("pyarrow") is None:  # pandas writes with it
            raise InputError("Parquet needs pyarrow, which is not installed: install gisheat[parquet].")
        self.folder, self._beside = folder, folder.with_name(f".{folder.name}.gisheat-new")
        self._parts: dict[str, int] = {}
        if folder.exists() and not _is_ours(folder):
            raise InputError(f"folder {folder} exists and holds something else: name another one.")

    def __enter__(self) -> Self:
        shutil.rmtree(self._beside, ignore_errors=True)
        try:
            self._beside.mkdir(parents=True)
        except OSError as error:
            raise InputError(f"folder {self.folder} can't be written: {error.strerror or error}.") from error
        return self

    def write(self, name: str, table: pd.DataFrame) -> None:
        """Add a part to a table."""
        number = self._parts.get(name, 0)
        file = self._beside / name / PART.format(number)
        try:
            file.parent.mkdir(exist_ok=True)
            table.to_parquet(file, index=False)
        except OSError as error:
            raise InputError(f"folder {self.folder} can't be written: {error.strerror or error}.") from error
        self._parts[name] = number + 1

    @property
    def files(self) -> list[Path]:
        """The files, where they are when all is written."""
        return [self.folder / name / PART.format(i) for name, parts in self._parts.items() for i in range(parts)]

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            if self.folder.exists():
                shutil.rmtree(self.folder)
            self._beside.replace(self.folder)
        else:
            shutil.rmtree(self._beside, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Tell whether a folder is empty or holds what a sweep wrote."""
    return folder.is_dir() and all(
        (f.is_dir() and f.name in ("scenarios", "pipes", "nodes", "stations")) for f in folder.iterdir()
    )
