"""Settings: one TOML file and the environment, read once by a door.

Imports nothing of ours, so it has its own words: `Secret`, `UnusableSettings`.
"""
