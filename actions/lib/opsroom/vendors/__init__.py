"""Clients of the systems that run deployments, shared by the deploy kind, the version kind and the
tracker of one vendor: a file or package each.

A client knows how its vendor wants to be asked and what its answers mean. It knows nothing of
deployments, cards or the record.
"""
