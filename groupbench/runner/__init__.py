"""Jobs: planned, isolated, executed, resumed."""
