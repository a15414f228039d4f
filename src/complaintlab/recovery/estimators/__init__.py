"""The workbench's estimators, and naive ones, as functions from a world to findings."""
