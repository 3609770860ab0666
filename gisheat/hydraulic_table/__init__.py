"""The hydraulic calculation table: written with live formulas, and printed ones read for figures that disagree."""

from gisheat.hydraulic_table.agreement import check_bores
from gisheat.hydraulic_table.writing import write_table

__all__ = ["check_bores", "write_table"]
