"""gisheat in QGIS: the operations of gisheat as tools of the Processing toolbox.

Nothing is computed here: gisheat runs in a process and an environment of its own. The plugin runs on Python 3.9.
Licence: GPL-2.0-or-later; that of gisheat itself, in core, is BSD-3-Clause.
"""

from typing import Any


def classFactory(iface: Any) -> Any:
    """What QGIS calls to load the plugin."""
    from .plugin import GisheatPlugin

    return GisheatPlugin(iface)
