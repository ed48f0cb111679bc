"""The networks, each a small builder: ``warning_net`` (ours) and the two of the original map project."""
