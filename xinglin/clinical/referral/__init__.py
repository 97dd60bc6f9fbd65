"""Referral: one house asks another to take a patient over, up, down or sideways, and hears back."""
