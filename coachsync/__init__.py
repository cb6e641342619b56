"""coachsync: opens and closes the private Discord voice room of each booked coaching session."""

__version__ = "0.1.0"
