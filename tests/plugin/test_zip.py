"""The zip is what the plugin site takes: whole, small, without binaries; the rules find planted faults."""

import ast
import configparser
import io
import re
import zipfile
from urllib.parse import urlparse

import make_plugin
import pytest

REQUIRED = (
    "name", "qgisMinimumVersion", "description", "version", "author", "email", "about", "tracker", "repository",
    "homepage", "tags", "icon", "hasProcessingProvider",
)  # fmt: skip
ALLOWED = (".py", ".txt", ".svg", ".ts", ".qm", ".json", ".csv", ".typed", "LICENSE")
LARGEST = 5_000_000
FORBIDDEN = ("http://bugs", "http://repo", "http://homepage")
"""What templates of plugins have there."""
TRUTHS = ("experimental", "deprecated", "server")


def complaints(archive):
    """What the plugin site refuses (qgis/QGIS-Plugins-Website, plugins/validator.py), and what QGIS asks for besides.

    That the addresses answer is not tried here.
    """
    said = []
    names = archive.namelist()
    said += [f"outside its folder: {n}" for n in names if not n.startswith("gisheat_qgis/") or ".." in n]
    said += [f"binary or unknown: {n}" for n in names if not n.endswith(ALLOWED)]
    said += [f"hidden or cache: {n}" for n in names if "/." in n or "__pycache__" in n]
    if "gisheat_qgis/LICENSE" not in names:
        said.append("no LICENSE")
    said += [f"backslash or drive: {n}" for n in names if "\\" in n or ":" in n]
    said += [f"not the folder of a package: {names[0]}"] if not names[0].partition("/")[0].isidentifier() else []
    said += [] if "gisheat_qgis/__init__.py" in names else ["no __init__.py"]
    parser = configparser.ConfigParser()  # a % would be taken for an interpolation, as the site does
    parser.optionxform = str
    parser.read_string(archive.read("gisheat_qgis/metadata.txt").decode("utf-8"))
    general = parser["general"]
    for key in ("tracker", "repository", "homepage"):
        address = urlparse(general.get(key, ""))
        if not (address.scheme in ("http", "https") and address.netloc) or general.get(key) in FORBIDDEN:
            said.append(f"no address: {key}")
    if "/" in general.get("author", ""):
        said.append("author with a slash")
    if "supportsQt6" in general:
        said.append("supportsQt6 is obsolete")
    if general.get("hasProcessingProvider", "") not in ("yes", "true"):
        said.append("hasProcessingProvider is yes or true")
    said += [f"{key} is no truth" for key in TRUTHS if general.get(key, "False") not in ("True", "False")]
    versions = [general.get(key, "") for key in ("qgisMinimumVersion", "qgisMaximumVersion")]
    if not all(re.fullmatch(r"\d+\.\d+", v) for v in versions):
        said.append("versions of QGIS are two numbers")
    said += [f"metadata lacks {key}" for key in REQUIRED if not general.get(key, "").strip()]
    icon = f"gisheat_qgis/{general.get('icon', '')}"
    if icon not in names:
        said.append(f"no icon {icon}")
    return said


def test_the_zip_breaks_no_rule(plugin_zip):
    with zipfile.ZipFile(plugin_zip) as archive:
        assert complaints(archive) == []
    assert plugin_zip.stat().st_size < LARGEST


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gisheat_qgis/solver.so", b"", "binary or unknown"),
        ("gisheat_qgis/font.ttf", b"", "binary or unknown"),
        ("gisheat_qgis/.git/config.txt", b"", "hidden or cache"),
        ("other/plugin.py", b"", "outside its folder"),
        ("gisheat_qgis/metadata.txt", b"[general]\nname=gisheat\n", "metadata lacks tracker"),
        ("gisheat_qgis/metadata.txt", b"[general]\ntracker=http://bugs\n", "no address: tracker"),
        ("gisheat_qgis/metadata.txt", b"[general]\nrepository=gisheat\n", "no address: repository"),
        ("gisheat_qgis/metadata.txt", b"[general]\nauthor=a/b\n", "author with a slash"),
        ("gisheat_qgis/metadata.txt", b"[general]\nexperimental=perhaps\n", "experimental is no truth"),
        ("gisheat_qgis/metadata.txt", b"[general]\nqgisMinimumVersion=3\n", "versions of QGIS"),
        ("gisheat_qgis/metadata.txt", b"[general]\nsupportsQt6=True\n", "obsolete"),
        ("gisheat_qgis/a\\b.py", b"", "backslash or drive"),
    ],
)
def test_planted_faults_are_found(plugin_zip, name, content, said):
    changed = io.BytesIO()
    with zipfile.ZipFile(plugin_zip) as archive, zipfile.ZipFile(changed, "w") as other:
        for entry in archive.namelist():
            if entry != name:
                other.writestr(entry, archive.read(entry))
        other.writestr(name, content)
    with zipfile.ZipFile(changed) as archive:
        assert any(said in line for line in complaints(archive))


def test_the_zip_holds_the_core_as_source_and_the_translations(plugin_zip):
    with zipfile.ZipFile(plugin_zip) as archive:
        names = set(archive.namelist())
    own = {f"gisheat_qgis/{p.name}" for p in make_plugin.PLUGIN.glob("*.py")}
    core = {
        f"gisheat_qgis/core/{p.relative_to(make_plugin.ROOT).as_posix()}"
        for p in (make_plugin.ROOT / "gisheat").rglob("*.py")
    }
    data = {
        f"gisheat_qgis/core/{p.relative_to(make_plugin.ROOT).as_posix()}"
        for p in (make_plugin.ROOT / "gisheat").rglob("*.csv")
    }
    others = {
        "metadata.txt",
        "operations.json",
        "requirements.txt",
        "LICENSE",
        "core/LICENSE",
        "i18n/gisheat_zh.qm",
        "icons/gisheat.svg",
    }
    assert own | core | data | {f"gisheat_qgis/{name}" for name in others} <= names


def test_the_same_sources_give_the_same_zip(plugin_zip, tmp_path):
    assert make_plugin.build(tmp_path / "again.zip").read_bytes() == plugin_zip.read_bytes()


def test_the_plugin_imports_nothing_of_gisheat_and_runs_on_python_3_9():
    for path in make_plugin.PLUGIN.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 9))
        imported = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and not n.level}
        imported |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        assert not any(name.split(".")[0] in ("gisheat", "numpy", "geopandas", "shapely") for name in imported)
