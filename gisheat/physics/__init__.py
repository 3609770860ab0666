"""Formulas on arrays, each with its source and range: water, friction, pressure, heat."""
