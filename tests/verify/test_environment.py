"""The plugin as a user gets it: its zip in an empty profile, an environment from PyPI, the sample; about two minutes.

The environment takes 1.2 GB in the test's temporary folder; it is removed at the end.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from qgis_processes import Qgis, rows

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "sample_gis" / "mulan" / "project.toml"
sys.path.insert(0, str(ROOT / "tools"))


@pytest.fixture
def qgis(tmp_path):
    """QGIS with the zip installed as its plugin manager does, and nothing else."""
    import make_plugin

    plugins = tmp_path / "profile" / "profiles" / "default" / "python" / "plugins"
    plugins.mkdir(parents=True)
    with zipfile.ZipFile(make_plugin.build(tmp_path / "gisheat_qgis.zip")) as archive:
        archive.extractall(plugins)
    yield Qgis(None, tmp_path, python="")
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_an_environment_from_pypi_gives_the_tables_of_the_command_line(qgis, tmp_path):
    code, said = qgis.call("run", "gisheat:check", f"--project={PROJECT}")
    assert code != 0
    assert "gisheat has no environment yet" in said

    code, said = qgis.call("run", "gisheat:environment")
    assert code == 0, said
    home = qgis.profile / "profiles" / "default" / "gisheat" / "environment"
    assert f"python_used:\t{home}" in said
    assert [p.name for p in home.parent.iterdir() if p.is_dir()] == ["environment"]

    by_qgis, by_hand = tmp_path / "qgis.gpkg", tmp_path / "hand.gpkg"
    code, said = qgis.call("run", "gisheat:run", f"--project={PROJECT}", f"--output={by_qgis}")
    assert code == 0, said
    subprocess.run([home / "bin" / "python3", "-I", "-m", "gisheat", "run", PROJECT, "-o", by_hand, "-q"], check=True)
    assert rows(by_qgis) == rows(by_hand)
    assert len(rows(by_qgis)["pipes"]) > 100

    assert qgis.call("run", "gisheat:environment", "--action=check")[0] == 0
    assert qgis.call("run", "gisheat:environment", "--action=remove")[0] == 0
    assert not home.exists()
