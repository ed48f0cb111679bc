"""What happened, where, when, and when it became known."""
