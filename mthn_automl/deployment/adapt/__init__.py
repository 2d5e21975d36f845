"""Tasks that a model has never seen are added to it: what is each task's own is fitted, and nothing else."""
