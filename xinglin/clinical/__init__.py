"""What is done for one person: record and referral."""
