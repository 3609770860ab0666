"""Print the lower bounds of pyproject.toml as pip constraints, `numpy==1.26` and so on."""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
for requirement in project["dependencies"] + extras["terrain"] + extras["test"]:
    name, lower = re.match(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)", requirement).groups()
    sys.stdout.write(f"{name}=={lower}\n")
