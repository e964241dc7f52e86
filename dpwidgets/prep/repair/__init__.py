"""Missing values: repairs of a table, and what each does to the table and to a model that learns from it."""
