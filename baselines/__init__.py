"""Methods: one file per family; a new file here is found by itself."""
