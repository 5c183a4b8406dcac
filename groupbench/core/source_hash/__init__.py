"""The part of a job's key that stands for code: what a registered class or function depends on.

Which code belongs to a method is decided here alone; what else decides a job's outcome is in its plan.
"""

from groupbench.core.source_hash._hash import source_hash

__all__ = ["source_hash"]
