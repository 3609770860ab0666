"""The options of what is done with the as-built map, as sets of parameters."""

from __future__ import annotations

from typing import TypedDict

from gisheat.as_built_quantities import (
    Ancestor,
    DryRun,
    EmptyValues,
    InPlace,
    Missing,
    NewColumns,
    RemoveWritten,
    ToState,
    WriteForm,
    WrittenColumns,
    WrittenLayers,
)
from gisheat.quantities import Crs, Encoding, MatchTolerance, OutputLanguage, Overwrite, ToCrs, WithEffects


class CompareOptions(TypedDict, total=False):
    """How two states are compared."""

    match_tolerance_m: MatchTolerance
    effects: WithEffects
    crs: Crs
    to_crs: ToCrs
    encoding: Encoding
    language: OutputLanguage
    overwrite: Overwrite


class MergeOptions(TypedDict, total=False):
    """What is merged, and where it is written."""

    ancestor: Ancestor
    dry_run: DryRun
    in_place: InPlace
    match_tolerance_m: MatchTolerance
    missing: Missing
    empty_values: EmptyValues
    new_columns: NewColumns
    crs: Crs
    encoding: Encoding
    language: OutputLanguage
    overwrite: Overwrite


class UndoOptions(TypedDict, total=False):
    """How far is gone back, and where it is written."""

    to: ToState
    in_place: InPlace
    language: OutputLanguage
    overwrite: Overwrite


class WriteBackOptions(TypedDict, total=False):
    """What is written to the utility's own features, and where."""

    in_place: InPlace
    form: WriteForm
    columns: WrittenColumns
    layers: WrittenLayers
    remove: RemoveWritten
    language: OutputLanguage
    overwrite: Overwrite
