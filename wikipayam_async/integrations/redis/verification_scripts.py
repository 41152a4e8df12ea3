"""The Lua scripts of `RedisStore`: each method of the store is one of them.

Keys: a challenge is a hash, and expires with `forget_at`; a counter is a hash of `n` and `since`, and expires with its
period; the wrong codes of a receiver and purpose are a hash of `n`, `last` and `keep`; `due` is a sorted set of the ids by
`fallback_at`. Times are those of the caller, as text that Python and Lua read alike.
"""

from __future__ import annotations

from wikipayam_async.verification.store import CLOCK_TOLERANCE

__all__ = ["BEGIN_SEND", "CANCEL", "CHECK", "CLAIM_DUE", "END_SEND", "FIND", "START"]

_COMMON = """
local now = tonumber(ARGV[1])

local function exact(number)
    return string.format('%.17g', number)
end

-- Returns the fields of a challenge; nil if it is not there, or forgotten.
local function read(key)
    local flat = redis.call('HGETALL', key)
    if #flat == 0 then return nil end
    local fields = {}
    for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
    if now >= tonumber(fields.forget_at) then return nil end
    return fields
end

-- Returns why a challenge takes no code; nil if it does. See ChallengeRecord.status_at.
local function status_of(fields)
    if fields.state == 'used' then return 'used' end
    if fields.state == 'canceled' then return 'expired' end
    if now >= tonumber(fields.expires_at) or now < tonumber(fields.created_at) - CLOCK_TOLERANCE then return 'expired' end
    if tonumber(fields.wrong) >= tonumber(fields.max_tries) then return 'locked' end
    return nil
end

-- Sets when the next channel of a challenge is due; '' for never.
local function set_due(key, due, id, at)
    redis.call('HSET', key, 'fallback_at', at)
    if at == '' then
        redis.call('ZREM', due, id)
        return
    end
    redis.call('ZADD', due, at, id)
    redis.call('PEXPIRE', due, math.max(redis.call('PTTL', due), redis.call('PTTL', key), 1))
end

-- Lets a time that lies in the future, because a clock was set back, be now; returns it.
local function begun(key, field, at)
    if at <= now then return at end
    redis.call('HSET', key, field, exact(now))
    return now
end

-- Returns the number of a counter and when its period began.
local function count(key, period)
    local found = redis.call('HMGET', key, 'n', 'since')
    if not found[1] or now >= tonumber(found[2]) + period then return 0, now end
    return tonumber(found[1]), begun(key, 'since', tonumber(found[2]))
end

-- Counts an event, if every counter has room; otherwise returns the number and the wait of the one that is full longest.
local function take(first_key, first_argument)
    local full, wait, states = nil, -1, {}
    for i = first_key, #KEYS do
        local at = first_argument + (i - first_key) * 2
        local limit, period = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
        local n, since = count(KEYS[i], period)
        local left = since + period - now
        if n >= limit and left > wait then full, wait = i - first_key + 1, left end
        states[i] = {n + 1, since, left}
    end
    if full then return {full, exact(wait)} end
    for i = first_key, #KEYS do
        local state = states[i]
        redis.call('HSET', KEYS[i], 'n', state[1], 'since', exact(state[2]))
        redis.call('PEXPIRE', KEYS[i], math.ceil(state[3] * 1000) + 1000)
    end
    return nil
end
""".replace("CLOCK_TOLERANCE", str(CLOCK_TOLERANCE))

START = (
    _COMMON
    + """
-- KEYS: challenge, wrong codes, due, counters. ARGV: now, id, seconds to keep, numbers of waits and of fields; waits; fields;
-- limits and periods of the counters.
local waits, fields = tonumber(ARGV[4]), tonumber(ARGV[5])
local wrong = redis.call('HMGET', KEYS[2], 'n', 'last', 'keep')
if wrong[1] and now < tonumber(wrong[2]) + tonumber(wrong[3]) then
    local wait = 0
    for i = 6, 5 + waits * 2, 2 do
        if tonumber(ARGV[i]) <= tonumber(wrong[1]) then wait = tonumber(ARGV[i + 1]) end
    end
    local left = begun(KEYS[2], 'last', tonumber(wrong[2])) + wait - now
    if left > 0 then return {0, exact(left)} end
end
local first = 6 + waits * 2
local refused = take(4, first + fields * 2)
if refused then return refused end
for i = first, first + fields * 2 - 1, 2 do
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
redis.call('PEXPIRE', KEYS[1], math.ceil(tonumber(ARGV[3]) * 1000) + 1000)
local at = redis.call('HGET', KEYS[1], 'fallback_at')
if at and at ~= '' then set_due(KEYS[1], KEYS[3], ARGV[2], at) end
return nil
"""
)

FIND = _COMMON + "return redis.call('HGETALL', KEYS[1])"

BEGIN_SEND = (
    _COMMON
    + """
-- KEYS: challenge, due, counters. ARGV: now, id, sends, channel, resend_at; limits and periods.
local fields = read(KEYS[1])
if not fields or status_of(fields) or fields.sends ~= ARGV[3] then return nil end
local refused = take(3, 6)
if refused then return refused end
redis.call('HSET', KEYS[1], 'channel', ARGV[4], 'resend_at', ARGV[5], 'send_status', 'unknown', 'message_id', '')
redis.call('HINCRBY', KEYS[1], 'sends', 1)
set_due(KEYS[1], KEYS[2], ARGV[2], '')
return {-1, redis.call('HGETALL', KEYS[1])}
"""
)

END_SEND = (
    _COMMON
    + """
-- KEYS: challenge, due. ARGV: now, id, sends, send_status, message_id, resend_at, fallback_at.
local fields = read(KEYS[1])
if not fields or fields.sends ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], 'send_status', ARGV[4], 'message_id', ARGV[5], 'resend_at', ARGV[6])
set_due(KEYS[1], KEYS[2], ARGV[2], status_of(fields) and '' or ARGV[7])
return 1
"""
)

CHECK = (
    _COMMON
    + """
-- KEYS: challenge, due. ARGV: now, id, purpose, whether it is right, forget_wrong_after, prefix of the wrong codes.
local fields = read(KEYS[1])
if not fields or fields.purpose ~= ARGV[3] then return {'not_found', 0, 0} end
local wrong = ARGV[6] .. fields.subject
local before = redis.call('HMGET', wrong, 'n', 'last', 'keep')
local n = 0
if before[1] and now < tonumber(before[2]) + tonumber(before[3]) then n = tonumber(before[1]) end
local status = status_of(fields)
if status then return {status, tonumber(fields.wrong), n} end
if ARGV[4] == '1' then
    redis.call('HSET', KEYS[1], 'state', 'used')
    set_due(KEYS[1], KEYS[2], ARGV[2], '')
    redis.call('DEL', wrong)
    return {'ok', tonumber(fields.wrong), 0}
end
redis.call('HSET', wrong, 'n', n + 1, 'last', ARGV[1], 'keep', ARGV[5])
redis.call('PEXPIRE', wrong, math.ceil(tonumber(ARGV[5]) * 1000) + 1000)
local tried = redis.call('HINCRBY', KEYS[1], 'wrong', 1)
if tried >= tonumber(fields.max_tries) then set_due(KEYS[1], KEYS[2], ARGV[2], '') end
return {'wrong', tried, n + 1}
"""
)

CANCEL = (
    _COMMON
    + """
-- KEYS: challenge, due, counters that get 1 back. ARGV: now, id.
local fields = read(KEYS[1])
if not fields or fields.state ~= 'open' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'canceled')
set_due(KEYS[1], KEYS[2], ARGV[2], '')
for i = 3, #KEYS do
    local n = redis.call('HGET', KEYS[i], 'n')
    if n and tonumber(n) > 0 then redis.call('HINCRBY', KEYS[i], 'n', -1) end
end
return 1
"""
)

CLAIM_DUE = (
    _COMMON
    + """
-- KEYS: due. ARGV: now, limit, the end of the lease, prefix of the challenges, the most to look at.
local taken = {}
for i, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[5])) do
    if #taken >= tonumber(ARGV[2]) then break end
    local key = ARGV[4] .. id
    local fields = read(key)
    if not fields then
        redis.call('ZREM', KEYS[1], id)
    elseif status_of(fields) then
        set_due(key, KEYS[1], id, '')
    else
        set_due(key, KEYS[1], id, ARGV[3])
        taken[#taken + 1] = redis.call('HGETALL', key)
    end
end
return taken
"""
)
