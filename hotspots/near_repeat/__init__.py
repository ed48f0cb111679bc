"""Whether incidents follow each other closely in space and time more often than chance has it."""
