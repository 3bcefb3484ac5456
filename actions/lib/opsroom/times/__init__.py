"""Points in time and lengths: as people type them, as services write them, in time zones."""
