"""Staff: who works where in which role, and how they sign in."""
