"""Catalogues: pipe series, sizing rules, heat indices, trench prices. `data/*.csv`, each row with its source."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gisheat.errors import InputError
from gisheat.network import ROLES, Array

PIPE_SERIES = ("cn-steel", "en-steel")
RULE_SETS = ("cn-primary", "cn-secondary", "eu")
TRENCH_PRICES = ("example",)
SAME_DN = 0.5
"""Nominal diameters are the same when they differ by less than this [mm]."""


@dataclass(frozen=True, slots=True)
class PipeSeries:
    """Pipe sizes in rising order of the bore; DN in mm (a name, not a length), the rest in metres."""

    name: str
    dn: Array
    outer_diameter: Array
    wall: Array
    inner_diameter: Array

    def __len__(self) -> int:
        return len(self.dn)

    def of_dn(self, dn: Array) -> NDArray[np.int64]:
        """Row of each nominal diameter [mm], -1 where the series has none, shape of `dn`."""
        position = np.clip(np.searchsorted(self.dn, np.nan_to_num(dn) - SAME_DN), 0, len(self) - 1)
        return np.where(np.abs(self.dn[position] - dn) < SAME_DN, position, -1)

    def nearest(self, inner_diameter: Array) -> NDArray[np.int64]:
        """Row whose bore is nearest to each bore [m], shape of `inner_diameter`."""
        return np.argmin(np.abs(self.inner_diameter[None, :] - np.asarray(inner_diameter)[:, None]), axis=1)


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Sizing rule of one role, limits for each size of a pipe series (arrays of its length)."""

    min_friction: float
    """Specific friction below which a pipe is oddly large [Pa/m]; 0 where there is no such limit."""
    max_friction: Array
    max_velocity: Array
    smallest: int
    """Row of the smallest size allowed."""


def read_rows(name: str) -> list[dict[str, str]]:
    """Rows of one of the package's data files."""
    text = (files("gisheat") / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def read_csv_rows(path: Path, what: str) -> list[dict[str, str]]:
    """Rows of a user's CSV file with a row of headings, in UTF-8 or, as Chinese spreadsheets write it, GB 18030.

    Raises
    ------
    InputError
        If it can't be read; `what` is what the sentence calls it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{what} {str(path)!r} can't be read: {error.strerror or error}.") from error
    for code in ("utf-8-sig", "gb18030"):
        try:
            return list(csv.DictReader(content.decode(code).splitlines()))
        except UnicodeDecodeError:
            continue
        except csv.Error as error:
            raise InputError(f"{what} {str(path)!r} can't be read: {error}.") from error
    raise InputError(f"{what} {str(path)!r} can't be read: it is no CSV file in UTF-8 or GB 18030.")


def pipe_series(name: str) -> PipeSeries:
    """A pipe series by name, or from a CSV file with dn_mm, outer_diameter_mm, wall_mm (or inner_diameter_mm).

    Raises
    ------
    InputError
        If there is no such series, or the file has no such columns, or a wall leaves no bore.
    """
    if name in PIPE_SERIES:
        return _series(name, read_rows(f"pipes-{name}.csv"))
    path = Path(name)
    if not path.is_file():
        raise InputError(f"catalogue {name!r}: neither one of {', '.join(PIPE_SERIES)} nor a CSV file.")
    return _series(path.stem, read_csv_rows(path, "catalogue"))


def _series(name: str, rows: list[dict[str, str]]) -> PipeSeries:
    try:
        dn = np.array([float(r["dn_mm"]) for r in rows])
        bore = np.array([_bore(r) for r in rows])
        outer = np.array([float(r.get("outer_diameter_mm") or "nan") for r in rows])
    except (KeyError, ValueError) as error:
        raise InputError(
            f"catalogue {name!r}: each row needs dn_mm and outer_diameter_mm with wall_mm, or inner_diameter_mm"
            f" ({error})."
        ) from error
    if not len(dn) or not (bore > 0.0).all():
        raise InputError(f"catalogue {name!r}: it is empty or a wall leaves no bore.")
    order = np.argsort(bore, kind="stable")
    wall = np.where(np.isnan(outer), np.nan, (outer - bore) / 2.0)
    return PipeSeries(name, dn[order], outer[order] * 1e-3, wall[order] * 1e-3, bore[order] * 1e-3)


def _bore(row: dict[str, str]) -> float:
    if row.get("inner_diameter_mm"):
        return float(row["inner_diameter_mm"])
    return float(row["outer_diameter_mm"]) - 2.0 * float(row["wall_mm"])


@dataclass(frozen=True, slots=True)
class TrenchPrices:
    """Price of a metre of trench with its pair of pipes by nominal diameter [mm], in one currency."""

    name: str
    dn: Array
    price: Array
    currency: str
    year: str
    sources: tuple[str, ...]
    """Source of each price."""

    def of_dn(self, dn: Array) -> Array:
        """Price of each nominal diameter [mm], NaN where there is none, shape of `dn`."""
        near = np.abs(self.dn[None, :] - np.asarray(dn, float)[:, None]) < SAME_DN
        return np.where(near.any(axis=1), self.price[near.argmax(axis=1)], np.nan)


def trench_prices(name: str) -> TrenchPrices:
    """Trench prices by name, or from a CSV file with dn_mm, price_per_metre, currency, year, source.

    Raises
    ------
    InputError
        If there is no such table, a diameter or price is missing or negative, a diameter has two prices, or there are
        two currencies.
    """
    if name in TRENCH_PRICES:
        return _prices(name, read_rows("trench_prices.csv"))
    path = Path(name)
    if not path.is_file():
        raise InputError(f"prices {name!r}: neither {', '.join(TRENCH_PRICES)} nor a CSV file.")
    return _prices(path.stem, read_csv_rows(path, "prices"))


def _prices(name: str, rows: list[dict[str, str]]) -> TrenchPrices:
    needed = "each row needs dn_mm and price_per_metre, both positive numbers, and the currency"
    try:
        dn, price = (np.array([float(r[column]) for r in rows]) for column in ("dn_mm", "price_per_metre"))
        currencies = {r["currency"].strip() for r in rows}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"prices {name!r}: {needed} ({error}).") from error
    if not len(dn) or not (dn > 0.0).all() or not (price > 0.0).all() or not np.isfinite(price).all():
        raise InputError(f"prices {name!r}: {needed}.")
    if len(currencies) != 1 or "" in currencies:
        raise InputError(f"prices {name!r}: one currency is needed, not {', '.join(sorted(currencies)) or 'none'}.")
    size, count = np.unique(dn, return_counts=True)
    if (count > 1).any():
        raise InputError(f"prices {name!r}: DN{size[count > 1][0]:g} has more than one price.")
    years = sorted({(r.get("year") or "").strip() for r in rows} - {""})
    sources = tuple((r.get("source") or "").strip() for r in rows)
    return TrenchPrices(name, dn, price, currencies.pop(), ", ".join(years), sources)


def sizing_rules(
    name: str, series: PipeSeries, *, max_velocity: float | None = None, max_friction: float | None = None
) -> tuple[RoleRule, ...]:
    """Rules of a rule set for the roles in the order of `network.ROLES`.

    Parameters
    ----------
    max_velocity, max_friction : float, optional
        Limits [m/s], [Pa/m] in place of the rule set's (the friction for branches and connections).
    """
    rows = [r for r in read_rows("sizing_rules.csv") if r["rule_set"] == name]
    if not rows:
        raise InputError(f"rule set {name!r} is unknown: choose one of {', '.join(RULE_SETS)}.")
    return tuple(
        _rule(
            [r for r in rows if r["role"] == role],
            series,
            max_velocity,
            None if role == "trunk" else max_friction,
        )
        for role in ROLES
    )


def _rule(
    rows: list[dict[str, str]], series: PipeSeries, max_velocity: float | None, max_friction: float | None
) -> RoleRule:
    steps = np.array([float(r["from_dn_mm"]) for r in rows])
    row = np.searchsorted(steps, series.dn, side="right") - 1
    friction = np.array([float(r["max_friction_pa_m"]) for r in rows])[row]
    speed = np.array([float(r["max_velocity_m_s"]) for r in rows])[row]
    return RoleRule(
        min_friction=float(rows[0]["min_friction_pa_m"] or 0.0),
        max_friction=friction if max_friction is None else np.full(len(series), max_friction),
        max_velocity=speed if max_velocity is None else np.full(len(series), max_velocity),
        smallest=min(int(np.searchsorted(series.dn, float(rows[0]["smallest_dn_mm"]) - SAME_DN)), len(series) - 1),
    )


@cache
def heat_index_ranges() -> dict[tuple[str, str], tuple[float, float]]:
    """Least and largest heat index [W/m2] by building use and tier (CJJ/T 34-2022 as quoted by the plan)."""
    return {
        (r["building_use"], r["energy_saving"]): (
            float(r["heat_index_min_w_m2"]),
            float(r["heat_index_max_w_m2"]),
        )
        for r in read_rows("heat_indices.csv")
    }


USE_WORDS: dict[str, tuple[str, ...]] = {
    "residential": ("residence", "house", "houses", "housing", "apartment", "apartments", "dwelling", "dwellings",
                    "住宅", "居民", "居住建筑", "民用住宅"),
    "residential_area_mixed": ("mixed", "residential_area", "居住区", "居住区综合", "居住综合", "综合"),
    "school_office": ("school", "schools", "office", "offices", "education", "学校", "办公", "办公楼", "学校办公",
                      "写字楼", "教学楼", "机关"),
    "hospital_kindergarten": ("hospital", "hospitals", "clinic", "kindergarten", "nursery", "医院", "托幼", "幼儿园",
                              "医院托幼"),
    "hotel": ("hotels", "guesthouse", "旅馆", "宾馆", "酒店"),
    "shop": ("shops", "store", "retail", "commercial", "supermarket", "商店", "商业", "商场", "超市"),
    "theatre_exhibition": ("theatre", "theater", "cinema", "exhibition", "影剧院", "剧院", "展览馆", "影剧院展览馆"),
    "gymnasium": ("gym", "sports", "sports_hall", "体育馆"),
}  # fmt: skip
"""Common words for the uses of the table of heat indices."""


@cache
def building_uses() -> dict[str, str]:
    """Use in the table of heat indices by each word that is understood, in small letters."""
    uses = dict.fromkeys(use for use, _ in heat_index_ranges())
    return {use: use for use in uses} | {word: use for use, words in USE_WORDS.items() for word in words}


def use_of(word: str | None) -> str:
    """Use in the table of heat indices that a word means, empty where it means none.

    >>> use_of("Sports hall"), use_of("住宅"), use_of("stable")
    ('gymnasium', 'residential', '')
    """
    key = "_".join((word or "").lower().replace("-", " ").replace("_", " ").split())
    return building_uses().get(key, "")


def heat_indices(use: Iterable[str | None], saving: Iterable[str | None], position: float = 0.5) -> Array:
    """Heat index [W/m2] by use and tier, NaN where the table has none.

    Parameters
    ----------
    use, saving : sequences of text, same length
        Building use, in any word that `use_of` understands; energy-saving tier (`none` when empty).
    position : float
        Where in the published range, 0 (least) to 1 (largest).
    """
    table = heat_index_ranges()
    unknown = (np.nan, np.nan)
    pairs = [table.get((use_of(u), s or "none"), unknown) for u, s in zip(use, saving, strict=True)]
    return np.array([low + position * (high - low) for low, high in pairs], float)
