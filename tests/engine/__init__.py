"""The engine: what a tick does with its plan."""
