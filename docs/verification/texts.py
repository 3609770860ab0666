"""The sections of docs/verification.md: what is compared, with which law, where it differs and why."""

from __future__ import annotations

import textwrap

from published_cases import case_names, figures, read_case
from reference import table

from verification import mulan
from verification.rows import comparison, networks

INTRODUCTION = """
gisheat against figures from outside of its code: other programs run live, their stored results, published networks, a
published heating plan, closed formulas, printed tables of water. [Method](method.md) has the formulas. `make verify`
sets the other programs up, runs them, writes this page anew and fails when a figure misses what is allowed; a case
without a result is a row that says why.

How to read the tables of networks. The *head range* is the highest head less the lowest. *Head off by* is the largest
difference at any node, *flow off by* the largest in any pipe; beside them the same as shares of the head range and of
the largest flow. With the same friction law two programs must agree to what their constants are rounded to; with
different laws they differ as the laws do, and that is said. What is below 0.1 mm, 1 g/s or a millionth is not shown:
it is rounding, and it differs from machine to machine.
"""


def epanet() -> str:
    """EPANET run live on networks that wntr ships."""
    from verification import epanet_networks

    cases = epanet_networks.cases()
    return f"""
The networks that wntr ships, with their pumps, valves and tanks, at their first instant: solved by EPANET 2.3 (its
accuracy set to 1e-8), and read by `gisheat.epanet.read_inp` and solved by gisheat. Each three times: as it is, with
Hazen-Williams; with Darcy-Weisbach in both programs (every pipe with a roughness of 0.5 mm; EPANET's law is Swamee and
Jain's above Re 4000, laminar below 2000, a cubic between, gisheat's `swamee-jain`); and EPANET's Darcy-Weisbach against
gisheat's default, `colebrook`. Links are pipes, valves and pumps, and all their flows are compared.

Where they differ with the same law it is by EPANET's rounded constants (4.727 in feet and seconds for Hazen and
Williams, 10.667 in gisheat) and by the tolerance of its iteration; its 32.2 ft/s² are taken over. Colebrook and the
explicit formula of Swamee and Jain differ by up to 3 % in lambda, so with this pair the heads may be 1.5 % of their
range apart; flows have no limit then, because in rings they move with the law.

Two things are taken from EPANET. A pump of constant power (all of ky4 and ky10, one of Net6) becomes the line that
touches its curve where EPANET found it; with Colebrook it is a little off there. And what stands still at the first
instant stays so. Nodes that are *shut in* between a stopped pump and a shut valve have no head of their own: EPANET's
is that of its leaks, and they are left out.

{networks(cases)}
"""


def pandapipes_live() -> str:
    """Pandapipes run live."""
    from verification import pandapipes_networks as other

    same, different = other.live_cases()
    return f"""
Networks that pandapipes ships, solved by pandapipes (`friction_model="colebrook"`, its tolerances set to 1e-9) and
by gisheat (`colebrook`), both with the density and viscosity of pandapipes' fluid and its gravity of 9.81 m/s².
pandapipes' pressures are above the air at their height; heads here are of absolute pressures. Valves have the Kv of
their loss coefficient, pumps their curves. pandapipes writes 3.71 where Colebrook (and gisheat) has 3.7: that is the
difference that is left.

Schutterwald is a heating network with supply and return; its pump and its consumers are given as pressures and flows
here. The network that pandapipes ships has 800 mm in every pipe, which loses next to nothing; so it is solved with
102.2 mm too (125 PE 100 SDR 11, what most of its pipes are called). The two street grids are our own (one-pipe, two
reservoirs, loads at most nodes). Some pipes of these four are below Re 4000.

{networks(same)}

pandapipes uses Colebrook's formula at every Reynolds number; it knows no laminar flow with this law. Networks with
pipes below Re 4000 therefore differ, and gisheat's cubic and 64/Re are the ones that physics asks for. No limit:

{networks(different)}
"""


def pandapipes_stored() -> str:
    """Results of OpenModelica and STANET that pandapipes ships."""
    from verification import pandapipes_stored as other

    return f"""
pandapipes ships results of OpenModelica and of STANET beside its water networks and is tested against them. The same
comparison with gisheat in its place: the largest |1 - p / p stored| of any gauge pressure and the largest difference of
any velocity, and what pandapipes' own tests allow. The last columns are the same figures of pandapipes itself with the
law of its tests: Colebrook, also where OpenModelica used Swamee and Jain. Networks and results are read from the
installed package (BSD-3-Clause).

### OpenModelica

The one large figure, T cross with valves, is that of pandapipes too, whose tests allow 0.4 there: OpenModelica's stored
pressures have 16.6 kPa across a valve with 4.08 m/s, that is a zeta of 2, and the network states 0.01.
Networks with pumps are off by the same 1 to 4 % in both programs, so it is what OpenModelica makes of the pumps.

{other.stored_table(other.OPENMODELICA)}

### STANET

The networks that STANET solved with Prandtl and Colebrook's law are compared with `colebrook`, the others with
`nikuradse`: 64/Re + (2 lg(3.71 d/K))^-2, which is also what pandapipes does if nothing is said.

{other.stored_table(other.STANET)}
"""


def published_networks() -> str:
    """Networks with published results."""
    parts = ["Input, expected figures, limits and their reasons are in `tests/reference`; each is a test too."]
    for name in case_names():
        case = read_case(name)
        words = f"{case['source']} ({case['licence']}). Law: `{case['friction']}`. {' '.join(case['note'].split())}"
        text = textwrap.fill(words, 120, break_long_words=False, break_on_hyphens=False)
        parts.append(f"### {case['title']}\n\n{text}\n\n{comparison(figures(name), 'published')}")
    return "\n\n".join(parts)


def closed_formulas() -> str:
    """Cases whose answer is a formula."""
    from closed_forms import PIPES
    from component_forms import COMPONENTS

    pipes, components = ([figure for case in cases for figure in case()] for cases in (PIPES, COMPONENTS))
    return f"""
Cases whose answer fits on a line; each is a test too.

### Pipes

{comparison(pipes, "formula")}

### Valves, pumps, stations, sources

{comparison(components, "formula")}
"""


def trunk() -> str:
    """The trunk of the plan, section by section."""
    return f"""
20 sections, 300 x 10^4 m², 46.79 W/m², 85/65 degC, `rough` with K = 0.5 mm, water of 968.65 kg/m³, equivalent length
15 % (20 % for the last section). Bores are those with which the plan's own velocities and frictions come out. Areas
are those behind the sections. The losses of A5-A6 and A13-A14 are printed with two digits and one: what is off there
is the printing.

{mulan.section_table()}

{comparison(mulan.trunk_rows(), "published")}

The pump head. The plan takes 10 kPa as 1 m; one metre of its water is 9.50 kPa.

{mulan.pump_head_table()}
"""


def laws() -> str:
    """The trunk with other laws."""
    return f"""
{mulan.law_table()}

Why they differ, smallest to largest of the 20 sections
([method](method.md#why-rough-and-colebrook-differ) says it in words):

{mulan.reynolds_table()}
"""


def printed_bores() -> str:
    """Bores against frictions."""
    return f"""
The friction that follows from the printed bore, against the printed friction. Three sections are more than 3 % off
and no other; the fourth row is the worst of the others.

{mulan.printed_bore_table()}
"""


def loads() -> str:
    """Heat indices and loads."""
    return f"""
The index of the current phase computes to 50.5 W/m²; the plan prints 50.2.

{comparison(mulan.load_rows(), "published")}
"""


def regulation() -> str:
    """The curve of regulation."""
    return f"""
The plan's combined regulation at eleven outdoor temperatures, tn = 18 °C: all 44 temperatures come out to the digit
that is printed ([formulas](regulation.md#formulas)).

{comparison(mulan.regulation_rows(), "published")}
"""


def sample() -> str:
    """The whole sample."""
    return f"""
Trunk, branches, 39 stations, sized: the result of `make demo`. The plan rounds the areas of its stations, and so
the flows are a little off ([sample](../sample_gis/mulan/README.md)).

{comparison(mulan.sample_rows(), "published")}
"""


def water() -> str:
    """Properties of water."""
    return comparison(mulan.water_rows(), "printed")


def balances() -> str:
    """Balances without the solver."""
    heads = ("case", "mass at the worst node", "head along the worst pipe")
    return f"""
Recomputed from the flows alone with the textbook formula (`Results.check`), not with the solver's.

{table(heads, mulan.balance_rows())}
"""
