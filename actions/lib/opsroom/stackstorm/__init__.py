"""The StackStorm around us: its API, who started an execution, and posts to a room."""
