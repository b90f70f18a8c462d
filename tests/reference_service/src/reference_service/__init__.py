"""The stand-in service of the fleet: three roles on real frameworks, without business logic."""
