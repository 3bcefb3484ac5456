"""The deployment commands: how a version gets onto an environment, and what happens around it."""
