"""What happens to the lists in one step, as Lua: a death falls before or after each of these, never inside.

Time is the server's. A lease is `worker|until_ms|deliveries` in one hash; worker "" has given the job back, "?" is the
grace of a job that was taken by somebody who did not come to say so. Every key is passed in, and all begin with the
names of the two lists, so a cluster of servers works where both names hold the same {tag}.
"""

_COMMON = """
local function now() local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000) end
local function lease(key, id)
  local was = redis.call('HGET', key, id)
  if not was then return nil, 0, 0 end
  local who, till, count = string.match(was, '^(.-)|(%d+)|(%d+)$')
  return who, tonumber(till), tonumber(count)
end
local function keep(key, id, who, till, count)
  redis.call('HSET', key, id, who .. '|' .. string.format('%d', till) .. '|' .. string.format('%d', count))
end
"""

# KEYS sent, jobs · ARGV body, ttl_s
OFFER = """
if redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[2]) then
  redis.call('RPUSH', KEYS[2], ARGV[1])
  return 1
end
return 0
"""

# KEYS jobs, leases, cancel · ARGV id, body, ttl_s
WITHDRAW = """
redis.call('SET', KEYS[3], '1', 'EX', ARGV[3])
local gone = redis.call('LREM', KEYS[1], 0, ARGV[2])
if gone > 0 then redis.call('HDEL', KEYS[2], ARGV[1]) end
return gone
"""

# KEYS leases, taken · ARGV id, body, worker, hold_ms
LEASE = (
    _COMMON
    + """
local at = now()
local who, till, count = lease(KEYS[1], ARGV[1])
if who and who ~= '' and who ~= '?' and who ~= ARGV[3] and till > at then
  redis.call('LREM', KEYS[2], 1, ARGV[2])
  return 0
end
keep(KEYS[1], ARGV[1], ARGV[3], at + ARGV[4], count + 1)
return count + 1
"""
)

# KEYS leases, taken, jobs, progress, cancel, sent
# ARGV id, body, worker, hold_ms, progress, progress_ttl_s, sent_ttl_s
STEP = (
    _COMMON
    + """
local at = now()
local who, till, count = lease(KEYS[1], ARGV[1])
if not who then
  redis.call('RPUSH', KEYS[2], ARGV[2])
  redis.call('SET', KEYS[6], '1', 'NX', 'EX', ARGV[7])
  count = 1
elseif who == '' then
  if redis.call('LREM', KEYS[3], 1, ARGV[2]) == 0 then return 2 end
  redis.call('RPUSH', KEYS[2], ARGV[2])
elseif who ~= ARGV[3] and who ~= '?' then
  return 2
end
keep(KEYS[1], ARGV[1], ARGV[3], at + ARGV[4], count)
if ARGV[5] ~= '' then redis.call('SET', KEYS[4], ARGV[5], 'EX', ARGV[6]) end
return redis.call('EXISTS', KEYS[5])
"""
)

# KEYS leases, taken, progress, results, notes · ARGV id, body, worker, result
FINISH = (
    _COMMON
    + """
local who = lease(KEYS[1], ARGV[1])
if ARGV[4] ~= '' then redis.call('RPUSH', KEYS[4], ARGV[4]) end
if who and who ~= ARGV[3] and who ~= '?' then return 0 end
redis.call('LREM', KEYS[2], 1, ARGV[2])
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[5], ARGV[1])
redis.call('DEL', KEYS[3])
return 1
"""
)

# KEYS leases, taken, jobs, progress · ARGV id, body, worker
RELEASE = (
    _COMMON
    + """
local who, till, count = lease(KEYS[1], ARGV[1])
if who and who ~= ARGV[3] then return 0 end
redis.call('LREM', KEYS[2], 1, ARGV[2])
redis.call('LPUSH', KEYS[3], ARGV[2])
keep(KEYS[1], ARGV[1], '', 0, math.max(count - 1, 0))
redis.call('DEL', KEYS[4])
return 1
"""
)

# KEYS leases, taken, jobs, dead, results · ARGV grace_ms, deliveries_max, rows_max, dead_max
RECOVER = (
    _COMMON
    + """
local at, again, dead = now(), 0, 0
for _, body in ipairs(redis.call('LRANGE', KEYS[2], 0, ARGV[3] - 1)) do
  local ok, job = pcall(cjson.decode, body)
  local id = ok and type(job) == 'table' and type(job.job_id) == 'string' and job.job_id or redis.sha1hex(body)
  local who, till, count = lease(KEYS[1], id)
  if not who then
    keep(KEYS[1], id, '?', at + ARGV[1], 0)
  elseif till <= at then
    redis.call('LREM', KEYS[2], 1, body)
    if count >= tonumber(ARGV[2]) then
      local why = 'given up after ' .. string.format('%d', count) .. ' deliveries: its workers died in it'
      local letter = {id = id, kind = 'job', why = why, at_ms = at, body = body}
      redis.call('RPUSH', KEYS[4], cjson.encode(letter))
      redis.call('LTRIM', KEYS[4], -ARGV[4], -1)
      redis.call('RPUSH', KEYS[5], cjson.encode({job_id = id, status = 'failure', error = {message = why}}))
      redis.call('HDEL', KEYS[1], id)
      dead = dead + 1
    else
      redis.call('LPUSH', KEYS[3], body)
      keep(KEYS[1], id, '', 0, count)
      again = again + 1
    end
  end
end
return {again, dead}
"""
)

# KEYS dead, leases, jobs, results · ARGV id, requeue (1 or 0), rows_max
UNBURY = """
local found = 0
for _, row in ipairs(redis.call('LRANGE', KEYS[1], 0, ARGV[3] - 1)) do
  local ok, letter = pcall(cjson.decode, row)
  if ok and type(letter) == 'table' and letter.id == ARGV[1] then
    redis.call('LREM', KEYS[1], 1, row)
    if ARGV[2] == '1' then
      redis.call('HDEL', KEYS[2], ARGV[1])
      redis.call('RPUSH', letter.kind == 'result' and KEYS[4] or KEYS[3], letter.body)
    end
    found = found + 1
  end
end
return found
"""
