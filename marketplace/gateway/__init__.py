"""The data plane: the one service through which bytes of a release leave, and its HTTP face at `/data/v1`."""
