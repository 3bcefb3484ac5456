"""The pictures of the docs that show conversations, drawn from what was really said."""
