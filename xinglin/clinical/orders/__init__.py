"""Orders (医嘱): what a doctor orders, who checks it, when it is due, and that it was done."""
