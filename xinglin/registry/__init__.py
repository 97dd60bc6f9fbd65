"""Who and where: organisations, people, terminology, staff."""
