"""Fields that are kept from being read: left out, hashed or masked, before anything of them is stored.

rules      which field of which table is kept how              <- read this first
values     a hash, a mask; values inside multi-fields
known      the names of the portal's own fields
key        the key of the hashes, in a file of its own
"""
