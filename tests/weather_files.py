"""Weather files made here: EPW and CSV of any temperatures, nothing of them measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

HEADER = """LOCATION,Nowhere,-,-,made,000000,45.95,128.04,8.0,110.0
DESIGN CONDITIONS,0
TYPICAL/EXTREME PERIODS,0
GROUND TEMPERATURES,0
HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0
COMMENTS 1,made for tests
COMMENTS 2,nothing measured
DATA PERIODS,1,{each},Data,Sunday, 1/ 1,12/31
"""
REST = "?9" * 20 + "," + ",".join(["-20.0", "70", "100000"] + ["0"] * 25)
"""Flags, and the columns after the dry bulb temperature."""


def year_of_hours(mean: float = 4.0, swing: float = 22.0, daily: float = 4.0, hours: int = 8760) -> np.ndarray:
    """Temperatures [degC] as a cosine of the year, coldest in the middle of January, and one of the day."""
    hour = np.arange(hours)
    year = np.cos(2 * np.pi * (hour - 15 * 24) / hours)
    day = np.cos(2 * np.pi * (hour - 4) / 24)
    return np.round(mean - swing * year - daily * day, 1)


def epw_lines(temperatures: Sequence[float], *, each: int = 1, leap: bool = False, years: Sequence[int] = (1999,)):
    """Lines of data; each month may be of another year, as in typical years."""
    times = pd.date_range("2024-01-01" if leap else "2023-01-01", periods=len(temperatures), freq=f"{60 // each}min")
    lines = []
    for time, value in zip(times, temperatures, strict=True):
        minute = 60 if each == 1 else (time.minute // (60 // each) + 1) * (60 // each)
        year = years[time.month % len(years)]
        flags, rest = REST.split(",", 1)
        lines.append(f"{year},{time.month},{time.day},{time.hour + 1},{minute},{flags},{value},{rest}")
    return lines


def write_epw(path: Path, lines: Sequence[str], *, each: int = 1) -> Path:
    path.write_text(HEADER.format(each=each) + "\n".join(lines) + "\n", encoding="utf-8")
    return path
