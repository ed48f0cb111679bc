"""Whether a place and its neighbors stand out: Getis-Ord Gi* and local Moran's I, with false discovery control."""
