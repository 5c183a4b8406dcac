"""What every room stands on: errors, arrays, seeds, the registry, hyperparameters, files, provenance, memory.

Nothing here knows what a recommender is; a helper of one room only belongs in that room.
"""
