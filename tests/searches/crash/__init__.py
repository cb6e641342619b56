"""Every fault at every step: the matrix of interrupted ticks, generated from what a clean tick is seen to do."""
