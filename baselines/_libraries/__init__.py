"""What knows other libraries: a file each, run where the library is, here or in an environment of its own.

Nothing of groupbench is imported here, and at the top NumPy alone. A file has `LIBRARY`, the package,
`load()`, which imports it, `describe()`, which says what models there are, and `fit(model, parameters, data,
seed)`, which gives what has `score(users)` or `score_groups(groups)`: scores of all items, one row each, and
NaN for what cannot be scored.
"""
