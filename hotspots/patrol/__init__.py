"""Which few contiguous areas hold the most expected harm. Areas of a map only: no person and no address."""
