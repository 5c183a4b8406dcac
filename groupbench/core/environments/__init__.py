"""Environments of their own for libraries that do not fit beside groupbench's, and processes in them.

What is installed in them and where they lie belongs here; which models a library has does not.
"""

from groupbench.core.environments._folder import (
    VARIABLE,
    Description,
    Environment,
    environments,
    find,
    make,
    register,
    remove,
    root,
)
from groupbench.core.environments._process import EnvironmentProcess

__all__ = [
    "VARIABLE",
    "Description",
    "Environment",
    "EnvironmentProcess",
    "environments",
    "find",
    "make",
    "register",
    "remove",
    "root",
]
