"""The version of groupbench: the one place that says it; the package's metadata reads it here."""

VERSION = "0.1.0"
