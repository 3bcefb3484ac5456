"""opsroom: operations from the team's chat room. The library knows nothing of StackStorm, apart
from action.py."""
