"""What a Kubernetes API server would refuse of rendered objects, found without one."""
