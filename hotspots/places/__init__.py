"""How incidents relate to points of interest: more of them near by than chance has it, and by how much."""
