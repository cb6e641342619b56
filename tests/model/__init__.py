"""The protocol by which several hosts make one session's role and room, as a model that is searched exhaustively."""
