"""Measurements of coachsync against what Discord's limits allow, and against other clients. See README.md."""
