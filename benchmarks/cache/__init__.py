"""How often a cache of films is wrong, and how often it is right: data, rules and measurements (`make bench-cache`)."""
