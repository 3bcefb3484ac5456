"""GitLab: its REST API, version 4, as far as deployments use it."""
