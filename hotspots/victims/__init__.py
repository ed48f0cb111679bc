"""Which groups victims' incidents and their places fall into, and what may be said of them without naming a person."""
