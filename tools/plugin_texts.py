"""Brings the plugin's translations up to date: python tools/plugin_texts.py. Runs in .venv.

Collects what users read (the operations' titles and help, the texts that the plugin's code gives to tr) in
qgis_plugin/gisheat_qgis/i18n/gisheat_zh.ts; keeps the translations that are there, drops those of texts that are gone,
and prints what is still to be translated.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

sys.path.insert(0, str(Path(__file__).parent))
from make_plugin import PLUGIN, ROOT, operations

FILE = PLUGIN / "i18n" / "gisheat_zh.ts"
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n'


def texts() -> list[str]:
    """Everything that a user reads, each once, in order."""
    found = [*_of_operations(), *_of_code(), *_of_progress()]
    return list(dict.fromkeys(filter(None, found)))


def _of_operations() -> Iterator[str]:
    for operation in operations()["operations"]:
        yield operation["group"]
        yield operation["title"]
        yield operation["help"]
        yield from (parameter["help"] for parameter in operation["parameters"])


def _of_code() -> Iterator[str]:
    for path in sorted(PLUGIN.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Assign(targets=[ast.Name(id="WAY_OUT")], value=ast.Constant(value=str(text))):
                    yield text
                case ast.Call(func=ast.Name(id="tr"), args=[ast.Constant(value=str(text)), *_]):
                    yield text


def _of_progress() -> Iterator[str]:
    """What gisheat tells while it is at work."""
    for path in sorted((ROOT / "gisheat").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="report"), args=[_, _, ast.Constant(value=str(text))]):
                    yield text
                case ast.Assign(targets=[ast.Name(id="COMPILING")], value=ast.Constant(value=str(text))):
                    yield text


def translations() -> dict[str, str]:
    """Translation of each text, as the file has them."""
    messages = ET.parse(FILE).getroot().iter("message")  # noqa: S314 (our own file)
    return {m.findtext("source", ""): m.findtext("translation", "") for m in messages}


def write(known: dict[str, str]) -> list[str]:
    """Write the file anew; texts without a translation."""
    root = ET.Element("TS", version="2.1", language="zh_CN", sourcelanguage="en")
    context = ET.SubElement(root, "context")
    ET.SubElement(context, "name").text = "gisheat"
    missing = []
    for text in texts():
        message = ET.SubElement(context, "message")
        ET.SubElement(message, "source").text = text
        translation = ET.SubElement(message, "translation")
        if known.get(text):
            translation.text = known[text]
        else:
            translation.set("type", "unfinished")
            missing.append(text)
    ET.indent(root, "")
    FILE.write_text(HEAD + ET.tostring(root, "unicode") + "\n", "utf-8")
    return missing


if __name__ == "__main__":
    print("\n".join(write(translations())))
