"""The demonstration: the real program against an embedded Discord, on a simulated clock or left running by hand."""
