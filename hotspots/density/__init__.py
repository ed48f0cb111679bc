"""How dense incidents are: kernel densities on the grid, their bandwidth, their ratio to a reference."""
