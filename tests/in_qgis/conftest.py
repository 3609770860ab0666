"""The plugin as it was made, loaded into the QGIS of pytest-qgis; gisheat itself runs in .venv."""

import os
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROFILE = Path(tempfile.mkdtemp(prefix="gisheat-qgis-"))
os.environ["QGIS_CUSTOM_CONFIG_PATH"] = str(PROFILE)
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("GISHEAT_PYTHON", str(ROOT / ".venv" / "bin" / "python"))
sys.path.append("/usr/share/qgis/python/plugins")


def pytest_unconfigure():
    shutil.rmtree(PROFILE, ignore_errors=True)


@pytest.fixture(scope="session")
def plugins():
    """Folder with the plugin in it."""
    zips = sorted((ROOT / "dist").glob("gisheat_qgis-*.zip"))
    assert zips, "run tools/make_plugin.py first, as `make test` does"
    with zipfile.ZipFile(zips[-1]) as archive:
        archive.extractall(PROFILE / "plugins")
    sys.path.insert(0, str(PROFILE / "plugins"))
    return PROFILE / "plugins"


@pytest.fixture(scope="session")
def plugin(qgis_app, qgis_iface, qgis_processing, plugins):
    """The plugin, loaded."""
    from gisheat_qgis import classFactory

    found = classFactory(qgis_iface)
    found.initProcessing()
    yield found
    found.unload()


@pytest.fixture
def mulan():
    """The sample's layers by name, copied to memory."""
    from qgis.core import QgsFeatureRequest, QgsProject, QgsVectorLayer

    def layer(name):
        file = QgsVectorLayer(f"{ROOT / 'sample_gis/mulan/mulan.gpkg'}|layername={name}", name, "ogr")
        copy = file.materialize(QgsFeatureRequest())
        QgsProject.instance().addMapLayer(copy)
        return copy

    yield layer
    QgsProject.instance().clear()
