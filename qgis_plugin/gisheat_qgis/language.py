"""The language of QGIS, and the translations that go with it."""

from pathlib import Path

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QTranslator

from . import texts

CONTEXT = "gisheat"


def language():
    """Language of QGIS, as in zh_CN."""
    if QgsSettings().value("locale/overrideFlag", False, type=bool):
        return QgsSettings().value("locale/userLocale", "en", type=str)
    return QgsApplication.locale() or QLocale.system().name()


def in_chinese():
    """Whether QGIS speaks Chinese."""
    return language().startswith("zh")


def translator():
    """The translator for the user's language, in use from now on; it must be kept."""
    found = QTranslator()
    file = Path(__file__).resolve().parent / "i18n" / f"gisheat_{language()[:2]}.qm"
    if file.exists():
        found.load(str(file))
    QCoreApplication.installTranslator(found)
    texts.use(lambda text: QCoreApplication.translate(CONTEXT, text))
    return found
