"""Brings a release into its environment's namespace, proves it there, and puts the one before back if it is not proved."""
