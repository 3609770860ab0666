"""The pictures of the QGIS page, taken in a real QGIS window: python docs/qgis_pictures.py. Runs in .venv.

`python docs/qgis_pictures.py zh FOLDER` takes all that there are, in Chinese, into another folder, to be looked at.

A window without a person (needs QGIS and Xvfb): an empty profile with the plugin as `make plugin` makes it, a virtual
screen, and `qgis_window.py`, which QGIS runs inside and which clicks, waits and takes the pictures.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SCREEN = "1600x1000x24"
COLOURS = 256
SECONDS = 300
PROFILE = """[qgis]
checkVersion=false
[locale]
overrideFlag=true
userLocale={language}
[app]
askToSaveProjectChanges=false
[PythonPlugins]
gisheat_qgis=true
processing=true
"""


def main(language: str = "en", into: str = "") -> None:
    """Take the pictures that the page shows, or all into another folder."""
    page = (ROOT / "docs" / "qgis.md").read_text("utf-8")
    folder = Path(tempfile.gettempdir()) / "gisheat"  # its name is seen in the pictures
    try:
        folder.mkdir()
    except FileExistsError:
        sys.exit(f"docs/qgis_pictures.py: {folder} is there already; move it away first.")
    try:
        _prepare(folder, language)
        screen, display = _screen()
        try:
            _work(folder, display)
        finally:
            screen.kill()
        log = folder / "window.log"
        print(log.read_text("utf-8") if log.exists() else "QGIS said nothing")
        for file in folder.glob("*.png"):
            name = f"qgis-{file.stem}.png"
            if not into and name not in page:
                continue
            few = Image.open(file).convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            few.save((Path(into) if into else IMAGES) / name, optimize=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(folder: Path, language: str) -> None:
    """An empty profile with the plugin and an environment that leads to this Python, and the sample."""
    sys.path.insert(0, str(ROOT / "tools"))
    import make_plugin

    with zipfile.ZipFile(make_plugin.build(folder / "plugin.zip")) as archive:
        archive.extractall(folder / "plugins")
    profile = folder / "profile" / "profiles" / "default"
    (profile / "QGIS").mkdir(parents=True)
    (profile / "QGIS" / "QGIS3.ini").write_text(PROFILE.format(language=language), "utf-8")
    home = profile / "gisheat" / "environment"
    (home / "bin").mkdir(parents=True)
    python = home / "bin" / "python3"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(0o755)
    (home / "gisheat.json").write_text(json.dumps({"gisheat": make_plugin.gisheat.__version__}), "utf-8")
    shutil.copytree(ROOT / "sample_gis" / "mulan", folder / "mulan")
    (folder / "run").mkdir(mode=0o700)


def _work(folder: Path, display: str) -> None:
    """Run QGIS until it has taken its pictures."""
    environment = os.environ | {
        "DISPLAY": display, "QGIS_PLUGINPATH": str(folder / "plugins"), "LC_ALL": "C.UTF-8",
        "QGIS_CUSTOM_CONFIG_PATH": str(folder / "profile"), "XDG_RUNTIME_DIR": str(folder / "run"),
        "LIBGL_ALWAYS_SOFTWARE": "1", "GISHEAT_PICTURES": str(folder),
    }  # fmt: skip
    for name in ("QT_QPA_PLATFORM", "GISHEAT_PYTHON"):
        environment.pop(name, None)
    program = shutil.which("qgis.bin") or shutil.which("qgis")
    if program is None:
        sys.exit("docs/qgis_pictures.py: QGIS is needed.")
    window = subprocess.Popen(
        [program, "--nologo", "--noversioncheck", "--code", str(ROOT / "docs" / "qgis_window.py")],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + SECONDS
    while window.poll() is None and time.monotonic() < end:
        time.sleep(0.5)
    window.kill()
    window.wait()


def _screen() -> tuple[subprocess.Popen[bytes], str]:
    """A virtual screen and its name."""
    read, write = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", SCREEN, "-nolisten", "tcp"], pass_fds=[write],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as said:
        return process, f":{said.readline().strip()}"


if __name__ == "__main__":
    main(*sys.argv[1:3])
