"""One page for all workers of a pod: each process serves its own part over a Unix-domain socket."""
