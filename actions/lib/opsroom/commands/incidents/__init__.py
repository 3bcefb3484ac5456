"""The incident commands: open, close and list, and the steps that make what belongs to an
incident."""
