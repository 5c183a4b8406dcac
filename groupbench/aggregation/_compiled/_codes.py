"""How orders of columns are written."""

EQUAL = 1 << 31
"""Set in an order where a score is equal to the one before."""
