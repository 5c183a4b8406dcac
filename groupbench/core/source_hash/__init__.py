"""What code does, as a hash: the part of a result's key that says by which code it was made.

Code is read here, never run; how it is laid out and where it lies do not count.
"""

from groupbench.core.source_hash._hash import source_hash

__all__ = ["source_hash"]
