"""The hydraulic calculation table: written with live formulas, and printed ones read for figures that disagree."""

from gisheat.hydraulic_table.agreement import Checked, Made, agreement_rows, agreement_text, compare_figures
from gisheat.hydraulic_table.printed import Printed, read_printed
from gisheat.hydraulic_table.writing import write_table

__all__ = [
    "Checked",
    "Made",
    "Printed",
    "agreement_rows",
    "agreement_text",
    "compare_figures",
    "read_printed",
    "write_table",
]
