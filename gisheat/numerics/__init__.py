"""Numerical methods that know no pipes: incidence, factorisation, nodal Newton."""
