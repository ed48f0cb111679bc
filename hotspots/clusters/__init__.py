"""Groups of incidents that lie close together: DBSCAN, also in space and time, and HDBSCAN, all by weight."""
