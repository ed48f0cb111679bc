"""Maps and layers for briefings, and disclosure control: the only writer of what leaves the house."""
