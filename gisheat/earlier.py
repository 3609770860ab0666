"""Results of earlier versions as inputs: their layers under the names of today, and a sentence on each."""

from __future__ import annotations

from collections.abc import Mapping

from gisheat.geopackage import found_rules, run_record
from gisheat.layers import column_names
from gisheat.places import split_source
from gisheat.schema import INPUT_LAYERS, SCHEMA_VERSION
from gisheat.versions import columns_read_as, meaning_of_rules, read_as, schema_of_record


def names_of_today(
    sources: Mapping[str, str], mapping: Mapping[str, Mapping[str, str]]
) -> tuple[Mapping[str, Mapping[str, str]], list[str]]:
    """Mapping of columns with those that layers of results of earlier versions need, and a note on each such result.

    Raises
    ------
    InputError
        If a result is of a newer version.
    """
    found, notes = {layer: dict(names) for layer, names in mapping.items()}, []
    places = {layer: split_source(source)[0] for layer, source in sources.items() if layer in INPUT_LAYERS}
    for where in dict.fromkeys(places.values()):
        record = run_record(where)
        schema = schema_of_record(record, str(where))
        if schema == SCHEMA_VERSION:
            continue
        said = [*meaning_of_rules(found_rules(where), schema)]
        for layer in [layer for layer, place in places.items() if place == where]:
            names = columns_read_as(layer, column_names(sources[layer]), schema)
            found[layer] = {**names, **found.get(layer, {})}
            said += [f"{layer}.{old} is {now} today" for now, old in names.items()]
        notes.append(f"{where.name}: {read_as(record, schema, said)}")
    return found, notes
