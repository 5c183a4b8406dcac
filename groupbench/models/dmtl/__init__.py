"""DMTL: group profiling and rating prediction learned together over a shared, attentive representation.

Training itself, and what other networks need too, stands in `groupbench.models`.
"""
