"""Records, actions, access, trail, outbox, inbox, parameters; no medicine, no HTTP."""
