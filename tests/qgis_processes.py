"""qgis_process with a profile of its own, and what is compared of results."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys


class Qgis:
    """qgis_process with a profile that has the plugin, of a folder of plugins or its own, and nothing else."""

    def __init__(self, plugins, folder, python=sys.executable):
        self.program = shutil.which("qgis_process.bin") or shutil.which("qgis_process")
        self.profile = folder / "profile"
        self.temporary = folder / "tmp"
        for part in (self.profile, self.temporary, folder / "run"):
            part.mkdir(mode=0o700, exist_ok=True)
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("PYTHON", "QGIS", "COV"))}
        self.environment = kept | {
            "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder / "run"), "TMPDIR": str(self.temporary),
            "QGIS_CUSTOM_CONFIG_PATH": str(self.profile), "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        if plugins is not None:
            self.environment["QGIS_PLUGINPATH"] = str(plugins)
        if python:
            self.environment["GISHEAT_PYTHON"] = python
        self.call("plugins", "enable", "gisheat_qgis")

    def start(self, *arguments):
        return subprocess.Popen(
            [self.program, *arguments], env=self.environment, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def call(self, *arguments):
        """Exit code and everything that was said."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=1200)
        return process.returncode, said


def rows(file):
    """Every row of every table but the run record and what carries a time."""
    found = {}
    with contextlib.closing(sqlite3.connect(file)) as connection:
        names = [n for (n,) in connection.execute("SELECT table_name FROM gpkg_contents ORDER BY table_name")]
        for name in names:
            if name not in ("run", "layer_styles"):
                found[name] = connection.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()
    return found
