"""What writers are built of."""
