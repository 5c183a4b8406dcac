"""The contract that every method keeps, and the models that are too large for one file of `baselines/`.

A method that fits in a file, and every registered name, belongs to `baselines/`.
"""
