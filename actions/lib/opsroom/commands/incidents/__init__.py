"""The incident commands: declare, close and list incidents, and the steps that they consist of."""
