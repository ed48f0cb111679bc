"""Where and when, as tensors: grid, overlay of areas, two-hour windows, sparse event tensors, map images."""
