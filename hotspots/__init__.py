"""Where incidents gather, whether that is more than chance, whether it is new, and what follows near."""
