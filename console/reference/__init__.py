"""The pages of docs/reference, written from the metadata: aliases and actions, the schema and the
readers of the config, the reason codes. `make reference` writes them."""
