"""Texts in the user's language."""

from pathlib import Path

from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QLocale, QTranslator

CONTEXT = "gisheat"


def tr(text: str) -> str:
    """A text in the user's language; identifiers are never given to it."""
    return QCoreApplication.translate(CONTEXT, text)


def language() -> str:
    """Language of QGIS, as in zh_CN."""
    if QgsSettings().value("locale/overrideFlag", False, type=bool):
        return QgsSettings().value("locale/userLocale", "en", type=str)
    return QgsApplication.locale() or QLocale.system().name()


def translator() -> QTranslator:
    """The translator for the user's language; it must be kept while it is in use."""
    found = QTranslator()
    file = Path(__file__).resolve().parent / "i18n" / f"gisheat_{language()[:2]}.qm"
    if file.exists():
        found.load(str(file))
    return found
