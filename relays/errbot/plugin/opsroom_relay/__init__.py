"""What opsroom's plugin for errbot is made of. Its version is that of the pack."""

VERSION = "0.4.0"
