"""How well an application is delivered: the figures of DORA, from the record alone."""
