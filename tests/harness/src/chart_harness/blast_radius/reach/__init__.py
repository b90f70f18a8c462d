"""Whom NetworkPolicies let through, as sets that can be compared: sets of values, boxes of sets, and what a policy says."""
