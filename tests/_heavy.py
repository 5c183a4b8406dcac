"""Libraries that take long to import, so that light commands do without them."""

HEAVY = {
    "implicit",
    "llvmlite",
    "matplotlib",
    "numba",
    "pandas",
    "plotly",
    "pyarrow",
    "scipy",
    "sklearn",
    "surprise",
    "torch",
}
