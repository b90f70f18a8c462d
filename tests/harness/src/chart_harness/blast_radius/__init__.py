"""What a change of the charts does to the fleet: rendered before and after, compared by meaning, told most dangerous first.

`python -m chart_harness.blast_radius BASE`, or `make diff BASE=…`; docs/blast-radius.md says how to read it.
"""
