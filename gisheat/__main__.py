"""`python -m gisheat` is the command line."""

import sys

from gisheat import json_lines

if "--json-lines" in sys.argv:
    json_lines.end_with_caller()  # before the libraries, which take a second or more to be read

from gisheat.cli import main

main()
