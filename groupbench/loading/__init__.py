"""Reading data: original files to `Dataset`."""
