"""Whether all that coachsync needs is there, checked one thing after another before a run finds out."""
