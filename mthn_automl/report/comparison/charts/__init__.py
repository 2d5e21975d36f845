"""Pictures of two runs, made as those in `report/charts`."""
