"""`python -m gisheat` is the command line."""

from gisheat.cli import main

main()
