"""Trees and rings on graphs of streets, as arrays: knows no layers.

`graph` has the graph itself, `kernels` the compiled loops. `steiner` finds the cheapest tree that joins given nodes
(`tree` is what it gives back), by way of `contraction` and `search`; `load_tree` the one whose edges are priced by the
load they carry, `load_bound` what no such tree is cheaper than; `rings` closes rings on a tree.
"""
