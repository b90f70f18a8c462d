"""The fleet: which release is proved, and the rollout that proves and promotes them in waves."""
