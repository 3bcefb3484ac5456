"""The audit commands: reports for auditors, checks of the record, and what StackStorm still
holds."""
