"""What changes more than one key of the exact cache, as scripts: the server runs each whole or not at all.

KEYS: used (sorted set: key → when last used), until (sorted set: key → when it expires), sizes (hash: key → bytes),
total (their sum). A value's own key is ARGV[1] followed by its key; all share one hash tag, so a cluster keeps them on
one node. Invariant: `total` is the sum of `sizes` after every script, and what a flush or the server's own eviction
took is forgotten by and by: its bookkeeping leaves in its turn, and counts for nothing when the whole book is gone.
"""

DROPS_MAX = 1_000
"""Entries one script takes out: a server runs nothing else meanwhile (about 5 ms)."""

DROP = """
local function uncount(key)
  local size = redis.call('HGET', KEYS[3], key)
  if size then
    redis.call('HDEL', KEYS[3], key)
    redis.call('DECRBY', KEYS[4], size)
  end
end
local function drop(prefix, key)
  redis.call('DEL', prefix .. key)
  redis.call('ZREM', KEYS[1], key)
  redis.call('ZREM', KEYS[2], key)
  uncount(key)
end
"""

PUT = (
    DROP
    + f"""
local prefix, key, value, size, ttl_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local now, expires, most, keep = ARGV[6], ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
redis.call('SET', prefix .. key, value, 'PX', ttl_ms) -- first: a full server refuses it, and with it the rest
uncount(key)
redis.call('ZADD', KEYS[1], now, key)
redis.call('ZADD', KEYS[2], expires, key)
redis.call('HSET', KEYS[3], key, size)
local total, gone = redis.call('INCRBY', KEYS[4], size), 0
if total <= most then return 0 end
for _, each in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, {DROPS_MAX})) do
  drop(prefix, each)
  gone = gone + 1
end
while gone < {DROPS_MAX} and tonumber(redis.call('GET', KEYS[4])) > keep do
  local least = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
  if not least then
    redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
    break
  end
  drop(prefix, least)
  gone = gone + 1
end
return gone
"""
)

EVICT = DROP + "drop(ARGV[1], ARGV[2]) return 1"

SWEEP = (
    DROP
    + f"""
local found = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'LIMIT', 0, {DROPS_MAX})
for _, each in ipairs(found) do drop(ARGV[1], each) end
return #found
"""
)
