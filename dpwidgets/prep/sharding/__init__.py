"""Who reads what, when several ranks and workers share a dataset, and which node keeps which key."""
