"""Networks with published results: folders of tests/reference with case.toml, pipes.csv, demands.csv, flows.csv.

case.toml says where the figures come from, at which node the head is given, and for each state the column of
demands, the temperature, and what is expected how closely and why so.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from figures import Figure

import gisheat

FOLDER = Path(__file__).parent / "reference"


def case_names() -> list[str]:
    """Folders of cases with states."""
    return sorted(file.parent.name for file in FOLDER.glob("*/demands.csv"))


def read_case(name: str) -> dict[str, Any]:
    """What case.toml of a folder says."""
    return tomllib.loads((FOLDER / name / "case.toml").read_text(encoding="utf-8"))


def solve_state(name: str, state: dict[str, Any]) -> gisheat.Results:
    """Solve one state of a case."""
    case = read_case(name)
    demands, pipes = (pd.read_csv(FOLDER / name / f"{table}.csv", dtype={"node_id": str, "pipe_id": str,
                      "from_node": str, "to_node": str}) for table in ("demands", "pipes"))  # fmt: skip
    nodes = pd.DataFrame({
        "node_id": demands["node_id"],
        "demand_kg_s": demands[state["demands"]],
        "fixed_head_m": np.where(demands["node_id"] == case["fixed_node"], 100.0, np.nan),
    })  # fmt: skip
    network = gisheat.Network.from_tables(nodes, pipes, two_pipe=False)
    return gisheat.solve(network, friction=case["friction"], supply_temp_c=state["supply_temp_c"])


def figures(name: str) -> list[Figure]:
    """Every expected figure of a case: sums, and of tables of flows the pipe that is off most."""
    found = []
    for state in read_case(name)["state"]:
        pipes = solve_state(name, state).pipes.set_index("pipe_id")
        for expected in state["expected"]:
            label = f"{state['name']}, {expected['what']} by {expected['by']}"
            if "flows" in expected:
                table = pd.read_csv(FOLDER / name / "flows.csv", dtype={"pipe_id": str}).set_index("pipe_id")
                printed = table[expected["flows"]].drop(expected.get("without", []))
                flow = pipes["flow_kg_s"].abs()[printed.index]
                worst = (flow - printed).abs().round(6).idxmax()  # of equal ones the first
                found.append(
                    Figure(f"{label}, worst pipe {worst}", printed[worst], flow[worst], expected["limit_kg_s"],
                           relative=False, unit="kg/s")
                )  # fmt: skip
            else:
                total = float(pipes["loss_kpa"].abs().sum())
                found.append(Figure(label, expected["kpa"], total, expected["limit"], unit="kPa"))
    return found
