"""The report's figures: each a pure function of tables, null where there is nothing to draw."""
