"""Glue between a store, the methods of the room hotspots, and the files that ``tocsin hotspots`` writes."""
