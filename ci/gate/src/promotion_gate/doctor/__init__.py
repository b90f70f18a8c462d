"""`gate doctor`: the troubleshooting list, walked against a release that runs.

`looking` gathers what can be seen of it, once and without changing anything; `diagnoses` has a pure function for each thing that can be
wrong, in the order in which one is the cause of another; `examination` walks them.
"""
