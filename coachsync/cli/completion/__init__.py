"""Completion of command lines in bash, zsh and fish: read the typed words, find what may come, tell the shell."""
