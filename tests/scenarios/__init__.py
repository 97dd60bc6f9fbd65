"""Stories of the county that span its modules, told through the acts, with the worker turning."""
