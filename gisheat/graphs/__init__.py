"""Trees and rings on graphs of streets, as arrays: knows no layers.

`graph` has the graph itself, `kernels` the compiled loops.
"""
