"""Who is told what, and when: one warning from one forecast, or a reasoned abstention."""
