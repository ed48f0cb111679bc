"""Whether a hot spot is new, growing or fading: Gi* in a space-time cube, its trend, the published patterns."""
