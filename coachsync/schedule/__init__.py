"""What starts runs: the crontabs and timers of this host."""
