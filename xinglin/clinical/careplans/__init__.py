"""Care plans: what those who went back down are to do, by whom and until when, as dated tasks."""
