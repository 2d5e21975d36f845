"""The page that can be opened while a search runs, and refreshes itself."""
