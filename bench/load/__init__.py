"""Bulk loading: a county of a given size, straight into the tables, once, and kept.

The houses, the staff and their accounts come from the product's own actions; what there is much
of goes in by COPY (PostgreSQL) or prepared inserts (SQLite). The same constraints and indexes
stand afterwards as after `migrate`: indexes are taken off while the rows come and put back, and
checks hold all the time.

Run as a program, it loads the database that the environment names and writes to `--manifest`
what a client needs to know of it.
"""

PASSWORD = "xinglin-bench"  # of accounts in a database that is thrown away
