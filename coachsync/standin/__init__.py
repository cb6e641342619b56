"""The Discord stand-in: a loopback HTTP server that behaves like the part of Discord coachsync uses."""
