"""The board: what runs where, what is going on, what waits and what is in the way, as one page for
a web server of the team's own."""
