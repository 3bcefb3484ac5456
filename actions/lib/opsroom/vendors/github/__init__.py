"""GitHub: github.com, GHE.com and GitHub Enterprise Server. Shared by the tracker, the deploy kind
and the version kind."""
