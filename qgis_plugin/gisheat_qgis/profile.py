"""Where the plugin keeps its things in the user's QGIS profile, and which interpreter is used."""

from pathlib import Path

from qgis.core import QgsApplication, QgsSettings

from . import environment

PYTHON = "gisheat/python"
"""Setting: an interpreter that has gisheat, in place of the environment the plugin makes."""


def folder() -> Path:
    """Folder of the plugin in the profile."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "gisheat"


def home() -> Path:
    """Folder of the environment."""
    return folder() / "environment"


def python() -> "tuple[str, bool]":
    """Interpreter to run gisheat with, and whether this plugin made its environment."""
    return environment.chosen_python(home(), QgsSettings().value(PYTHON, "", type=str))


def status(wanted: str) -> environment.Status:
    """How the environment is, at a glance."""
    chosen, own = python()
    return environment.status(chosen, own=own, wanted=wanted)
