"""Sources of bookings, pulled by every run: asked all at once, and merged into the store one after another.

`http`, `program`, `localfile` and `database` ask one source each and return its `SourceAnswer`; `pull` asks all and
takes in what they say; `absence` decides about what a complete source no longer has. Nothing here is loaded without
sources.
"""
