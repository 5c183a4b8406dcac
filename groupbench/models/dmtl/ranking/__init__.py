"""DMTL for what groups choose: rows of groups and users trained together on rankings of all items."""
