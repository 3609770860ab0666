"""EPANET files: `read_inp` makes a one-pipe network of one, `write_inp` makes one of a one-pipe network.

EPANET's own toolkit reads the file, so that units, patterns, demand categories and controls are understood
as EPANET understands them; it is an extra (`pip install gisheat[epanet]`). Writing needs no EPANET.
"""

from gisheat.epanet.reading import Imported, read_inp
from gisheat.epanet.writing import write_inp

__all__ = ["Imported", "read_inp", "write_inp"]
