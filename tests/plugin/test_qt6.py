"""The plugin's names hold in QGIS 4 as well: what it takes from qgis.PyQt is in PyQt6, enums are scoped."""

import ast
import functools
import importlib
import re

import make_plugin
import pytest

from gisheat.styles import actions

PATCHED = {"QVariant.Int", "QVariant.LongLong", "QVariant.Double", "QVariant.String"}
"""QGIS's builds of PyQt6 have these (qgis/QGIS pull request 55954), and QGIS 3.22 has no other spelling."""
MOVED = {"QAction": "PyQt6.QtGui"}
"""What qgis.PyQt of QGIS 4 hands out of another module than PyQt6 does (its QtWidgets re-exports it)."""


def chain(node):
    """The names of a dotted expression from the left, None for others."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else None


def taken(tree):
    """What a module takes: name and thing of PyQt6 (None where it has none), and names of QGIS itself."""
    of_qt, of_qgis = {}, set()
    for node in ast.walk(tree):
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names if module.startswith("qgis.") else ():
            name = alias.asname or alias.name
            if module.startswith("qgis.PyQt."):
                other = MOVED.get(alias.name, "PyQt6." + module.rpartition(".")[2])
                of_qt[name] = getattr(importlib.import_module(other), alias.name, None)
            else:
                of_qgis.add(name)
    return of_qt, of_qgis


def complaints(source):
    """Names rooted in an import from qgis.PyQt that PyQt6 does not have; enums of QGIS that are not scoped."""
    tree = ast.parse(source)
    of_qt, of_qgis = taken(tree)
    said = [f"{name} is not in PyQt6" for name, found in of_qt.items() if found is None]
    chains = [chain(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    for names in filter(None, chains):
        if names[0] in of_qgis and len(names) == 2 and is_enum_value(names[1]):
            said.append(f"{'.'.join(names)} is an enum without its scope")
        elif of_qt.get(names[0]) is not None and ".".join(names[:2]) not in PATCHED:
            found = functools.reduce(lambda thing, name: getattr(thing, name, None), names[1:], of_qt[names[0]])
            said += [f"{'.'.join(names)} is not in PyQt6"] if found is None else []
    return said


def is_enum_value(name):
    """Names such as TypeVectorLine or FlagAdvanced; classes have methods, which begin with a small letter."""
    return name[0].isupper() and name not in {
        "SaveVectorOptions",
        "SourceType",
        "Flag",
        "Behavior",
        "Type",
        "StorageMode",
    }


@pytest.mark.parametrize("path", sorted(make_plugin.PLUGIN.glob("*.py")), ids=lambda p: p.name)
def test_every_name_is_one_of_qt_6(path):
    assert complaints(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("from qgis.PyQt.QtCore import Qt\nx = Qt.AlignLeft", "Qt.AlignLeft is not in PyQt6"),
        ("from qgis.PyQt.QtWidgets import QMessageBox\nx = QMessageBox.Yes", "QMessageBox.Yes is not in PyQt6"),
        ("from qgis.PyQt.QtWidgets import QDesktopWidget", "QDesktopWidget is not in PyQt6"),
        ("from qgis.core import QgsProcessing\nx = QgsProcessing.TypeVectorLine", "an enum without its scope"),
    ],
)
def test_planted_faults_are_found(fault, said):
    assert any(said in line for line in complaints(fault))


@pytest.mark.parametrize("layer", sorted(actions.ACTIONS))
def test_the_actions_of_a_result_know_names_of_qt_6_alone(layer):
    """They are Python as well, in a file that is opened for years."""
    assert complaints(re.sub(r"\[%.*?%\]", "1", actions.code(layer, "en"))) == []


def test_no_module_of_qt_is_imported_past_qgis():
    for path in make_plugin.PLUGIN.glob("*.py"):
        assert "PyQt5" not in path.read_text("utf-8")
        assert "PyQt6" not in path.read_text("utf-8")
