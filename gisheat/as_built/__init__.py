"""The map of what is built: states compared, changes told feature by feature."""
