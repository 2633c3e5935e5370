"""The history of the tables, oldest first; run by `store.migrate`."""
