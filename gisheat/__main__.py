"""`python -m gisheat` is the command line."""

import sys

from gisheat import json_lines

if "--json-lines" in sys.argv:
    json_lines.end_with_caller()  # before the libraries, which take a second or more to be read

try:
    from gisheat.cli import main
except KeyboardInterrupt:
    sys.exit(130)  # while the libraries were read; as `cli.INTERRUPTED`, which is not there yet

main()
