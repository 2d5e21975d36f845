"""What the ways of splitting share, and how one of them is chosen."""
