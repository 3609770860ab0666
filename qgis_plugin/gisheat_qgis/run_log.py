"""The log file that a user can send: what was run, what it said, how it ended. Without QGIS."""

import logging
import logging.handlers
from pathlib import Path

LARGEST = 1_000_000
NAME = "gisheat.log"


def open_log(folder: Path) -> logging.Logger:
    """The log in a folder; it is kept below a megabyte, with one older part."""
    logger = logging.getLogger(f"gisheat_qgis.{folder}")
    if not logger.handlers:
        logger.propagate = False
        logger.setLevel(logging.INFO)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handler: logging.Handler = logging.handlers.RotatingFileHandler(
                folder / NAME, maxBytes=LARGEST, backupCount=1, encoding="utf-8", delay=True
            )
        except OSError:
            handler = logging.NullHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logger.addHandler(handler)
    return logger
