namespace SessionLifetime.Redis;

/// <summary>
/// What has to be one step. A script touches the keys of one shard, which share a hash tag. Moments are ticks since the store's origin, below 2^53 for 28
/// years, so that the numbers of Lua hold them. <c>ARGV[1]</c> is the prefix of the shard's keys, <c>ARGV[2]</c> the offset that tests set.
/// </summary>
internal static class RedisScripts
{
    /// <summary>The fields of a session, in the order in which they are read.</summary>
    public static readonly string[] Fields = ["v", "h", "a", "s", "i", "r", "due", "abs", "b", "u", "home", "end", "at", "w", "st"];

    /// <summary>Mode (start, beat, stop), node, lead, live for, watermark, settings. On the first shard: gives clocks and nodes.</summary>
    public const string Beat = RedisScriptParts.Clock + """

        local C, mode, node = B .. 'clock', ARGV[3], ARGV[4]
        if redis.call('EXISTS', C) == 0 then
          local day = num(864e9 + offset)
          redis.call('HSET', C, 'major', '1', 'origin', redis.call('TIME')[1], 'latest', day, 'ends', day, 'off', '0', 'settings', '')
        end
        local store, service = clock()
        if mode ~= 'stop' then
          local c = redis.call('HMGET', C, 'ends', 'off', 'origin', 'latest')
          local t = redis.call('TIME')
          local clock = t[2] * 10 + 864e9 + offset
          if (t[1] - c[3]) * 1e7 + clock + ARGV[5] < tonumber(c[4]) then
            -- Put back: the store's time goes on from where it was.
            redis.call('HSET', C, 'origin', string.format('%.7f', t[1] - (c[4] - clock) / 1e7))
          end
          redis.call('HSET', C, 'ends', num(store + ARGV[5]), 'off', num(c[2] + math.max(0, store - c[1])))
        end
        redis.call('HSET', C, 'latest', num(store))
        store, service = clock()
        if mode == 'stop' then
          redis.call('HDEL', B .. 'nodes', node)
          redis.call('HDEL', B .. 'marks', node)
        else
          local mark = num(service)
          if mode == 'beat' then
            mark = num(math.max(tonumber(ARGV[7]), tonumber(redis.call('HGET', B .. 'marks', node) or '0')))
          else
            redis.call('HSET', C, 'settings', ARGV[8])
          end
          redis.call('HSET', B .. 'nodes', node, num(service + ARGV[6]))
          redis.call('HSET', B .. 'marks', node, mark)
        end
        local c = redis.call('HMGET', C, 'origin', 'latest', 'ends', 'off', 'major', 'settings')
        return { num(store), num(service), c[1], c[2], c[3], c[4], c[5], c[6], redis.call('HGETALL', B .. 'nodes'), redis.call('HGETALL', B .. 'marks') }
        """;

    /// <summary>
    /// Origin, latest, end, taken off, the number of the last change known, and nodes with their ends of life: what the first shard told. Gives the number of
    /// the last change, living sessions, and changes. Until it is told, a shard's service time stands still: it is never ahead of the first shard's. A
    /// shard whose number is lower than the known one has lost changes: all it has are given.
    /// </summary>
    public const string Sync = RedisScriptParts.Head + """

        local C = B .. 'clock'
        local known = redis.call('HMGET', C, 'origin', 'latest')
        if known[1] ~= ARGV[3] or tonumber(known[2]) < tonumber(ARGV[4]) then
          redis.call('HSET', C, 'origin', ARGV[3], 'latest', ARGV[4], 'ends', ARGV[5], 'off', ARGV[6])
          redis.call('DEL', B .. 'nodes')
          for k = 8, #ARGV, 2 do redis.call('HSET', B .. 'nodes', ARGV[k], ARGV[k + 1]) end
        end
        local changes = {}
        local since, number = ARGV[7], redis.call('GET', B .. 'number') or '0'
        if since ~= '+inf' and tonumber(number) < tonumber(since) then since = '0' end
        for _, id in ipairs(redis.call('ZRANGEBYSCORE', B .. 'changes', '(' .. since, '+inf')) do
          local s = redis.call('HMGET', B .. 's:' .. id, 'v', 'end')
          changes[#changes + 1] = { id, s[1], s[2] == '' and 0 or 1, 1 - redis.call('EXISTS', B .. 'e:' .. id) }
        end
        return { number, redis.call('ZCARD', B .. 'all'), changes }
        """;

    /// <summary>
    /// Eleven values a touch: id, version, due, and age and moment of each stamp. Gives for each a text, version and stamps, and with it the record where it
    /// moved; an empty one where there is no session. The earlier of a stamp's moments counts: the usual one is written as it came.
    /// </summary>
    public const string Touch = RedisScriptParts.Session + """

        local store, service = clock()
        local answers, call, number, key = {}, redis.call, tonumber, B .. 's:'
        local function placed(old, age, at)
          if age == '' then return old end
          local moment = service - age
          if at == '' or number(at) > moment then at = num(moment) else moment = number(at) end
          return moment > number(old) and at or old
        end
        for k = 3, #ARGV, 11 do
          local id, version, due = ARGV[k], ARGV[k + 1], ARGV[k + 2]
          local s = call('HMGET', key .. id, 'v', 'end', 'a', 's', 'i', 'r')
          if not s[1] then
            answers[#answers + 1] = ''
          else
            local a, g, i, r = s[3], s[4], s[5], s[6]
            if s[2] == '' then
              a, g = placed(a, ARGV[k + 3], ARGV[k + 4]), placed(g, ARGV[k + 5], ARGV[k + 6])
              i, r = placed(i, ARGV[k + 7], ARGV[k + 8]), placed(r, ARGV[k + 9], ARGV[k + 10])
              if a ~= s[3] or g ~= s[4] or i ~= s[5] or r ~= s[6] then call('HSET', key .. id, 'a', a, 's', g, 'i', i, 'r', r) end
              if due ~= '' then
                if s[1] == version then call('HSET', key .. id, 'due', due) end
                local at = call('HMGET', key .. id, 'due', 'abs')
                placeDue(id, at[1])
                placeAbsolute(id, at[2])
              end
            end
            local answer = s[1] .. ' ' .. a .. ' ' .. g .. ' ' .. i .. ' ' .. r
            if s[2] ~= '' or s[1] ~= version then answer = { answer, record(id) } end
            answers[#answers + 1] = answer
          end
        end
        return answers
        """;

    /// <summary>
    /// Channel, and for each commit the number of its values and these: id, expected version, not before (service, store), committer, four stamps seen, the
    /// fields but the version, and events of three values. Gives for each: status, and version, stamps and former secrets where it was written, else the record.
    /// </summary>
    public const string Commit = RedisScriptParts.Session + """

        local channel, news, answers = ARGV[3], {}, {}
        local store, service = clock()
        local function commit(o, last)
          local id, expected = ARGV[o + 1], ARGV[o + 2]
          local key = B .. 's:' .. id
          local old = redis.call('HMGET', key, 'v', 'end', 'w', 'a', 's', 'i', 'r', 'home', 'b', 'u', 'h', 'abs')
          local isNew = not old[1]
          if not isNew and old[3] == ARGV[o + 22] then return { 0, record(id) } end
          local moved = (isNew and expected ~= '0') or (not isNew and (old[1] ~= expected or old[2] ~= ''))
          for f = 1, 4 do
            if not isNew and ARGV[o + 5 + f] ~= '' and tonumber(old[3 + f]) > tonumber(ARGV[o + 5 + f]) then moved = true end
          end
          if moved then return { 1, record(id) } end
          if (ARGV[o + 3] ~= '' and tonumber(ARGV[o + 3]) > service) or (ARGV[o + 4] ~= '' and tonumber(ARGV[o + 4]) > store) then return { 2, record(id) } end

          local stamps = {}
          for f = 1, 4 do
            local moment = ARGV[o + 10 + f]
            if tonumber(moment) > service then moment = num(service) end
            if not isNew and tonumber(old[3 + f]) > tonumber(moment) then moment = old[3 + f] end
            stamps[f] = moment
          end
          local version = num(expected + 1)
          redis.call('HSET', key, 'v', version, 'h', ARGV[o + 10], 'a', stamps[1], 's', stamps[2], 'i', stamps[3], 'r', stamps[4], 'due', ARGV[o + 15], 'abs', ARGV[o + 16],
            'b', ARGV[o + 17], 'u', ARGV[o + 18], 'home', ARGV[o + 19], 'end', ARGV[o + 20], 'at', ARGV[o + 21], 'w', ARGV[o + 22], 'st', ARGV[o + 23])
          local ended = ARGV[o + 20] ~= ''
          member(B .. 'b:', old[9], not ended and ARGV[o + 17] or '', id)
          member(B .. 'u:', old[10], not ended and ARGV[o + 18] or '', id)
          local due, absolute = ARGV[o + 15], ARGV[o + 16]
          if ended then
            redis.call('ZREM', B .. 'all', id)
            redis.call('ZADD', B .. 'ended', ARGV[o + 21], id)
            due, absolute = '', ''
          elseif isNew then
            redis.call('ZADD', B .. 'all', 0, id)
          end
          placeDue(id, due)
          if absolute ~= '' or (old[12] or '') ~= '' then placeAbsolute(id, absolute) end
          if last > o + 23 then
            local address, home, events = ARGV[o + 5], old[8], B .. 'e:' .. id
            if home and home ~= '' then
              local till = redis.call('HGET', B .. 'nodes', home)
              if till and tonumber(till) > service then address = home end
            end
            local before = redis.call('LLEN', events)
            for k = o + 24, last, 3 do
              redis.call('RPUSH', events, cmsgpack.pack({ ARGV[k], ARGV[k + 1], ARGV[k + 2], 0, address, false }))
            end
            if before == 0 then queue(id, address, redis.call('INCR', B .. 'place')) end
            changed(news, id, version, ended, false)
          else
            changed(news, id, version, ended)
          end
          return { 0, version, stamps[1], stamps[2], stamps[3], stamps[4], old[11] or '' }
        end
        local at = 4
        while at <= #ARGV do
          local last = at + tonumber(ARGV[at])
          answers[#answers + 1] = commit(at, last)
          at = last + 1
        end
        tell(channel, news)
        return answers
        """;

    /// <summary>Most, hold, overdue by. Gives records, each with its id first.</summary>
    public const string TakeDue = RedisScriptParts.Session + """

        local store, service = clock()
        local most, records = tonumber(ARGV[3]), {}
        local function take(id)
          records[#records + 1] = { id, record(id) }
          redis.call('ZADD', B .. 'due', num(service + ARGV[4] - ARGV[5]), id)
          local absolute = redis.call('ZSCORE', B .. 'absolute', id)
          if absolute and tonumber(absolute) <= store then redis.call('ZREM', B .. 'absolute', id) end
        end
        for _, id in ipairs(redis.call('ZRANGEBYSCORE', B .. 'due', '-inf', num(service - ARGV[5]), 'LIMIT', 0, most)) do take(id) end
        if #records < most then
          for _, id in ipairs(redis.call('ZRANGEBYSCORE', B .. 'absolute', '-inf', num(store - ARGV[5]), 'LIMIT', 0, most - #records)) do take(id) end
        end
        return records
        """;

    /// <summary>Hash, session, expiry, data.</summary>
    public const string PutToken = RedisScriptParts.Head + """

        if redis.call('EXISTS', B .. 't:' .. ARGV[3]) == 1 then return redis.error_reply('There is such a token already') end
        redis.call('HSET', B .. 't:' .. ARGV[3], 'id', ARGV[4], 'until', ARGV[5], 'data', ARGV[6])
        redis.call('ZADD', B .. 'tokens', ARGV[5], ARGV[3])
        return 1
        """;

    /// <summary>Hash, whether it is only read.</summary>
    public const string TakeToken = RedisScriptParts.Clock + """

        local store, service = clock()
        local t = redis.call('HMGET', B .. 't:' .. ARGV[3], 'id', 'until', 'data')
        if ARGV[4] == '0' then
          redis.call('DEL', B .. 't:' .. ARGV[3])
          redis.call('ZREM', B .. 'tokens', ARGV[3])
        end
        if not t[1] or tonumber(t[2]) <= service then return {} end
        return t
        """;

    /// <summary>Id, and key, expected version, and data with a sign before it, of each change. Gives what stands against it.</summary>
    public const string WriteValues = RedisScriptParts.Head + """

        local key, against = B .. 'v:' .. ARGV[3], {}
        local versions = {}
        for k = 4, #ARGV, 3 do
          local value = redis.call('HGET', key, ARGV[k])
          local version = value and string.match(value, '^%d+') or '0'
          versions[k] = version
          if ARGV[k + 1] ~= '' and ARGV[k + 1] ~= version then against[#against + 1] = { ARGV[k], value or '' } end
        end
        if #against > 0 then return against end
        for k = 4, #ARGV, 3 do
          if ARGV[k + 2] == '' then
            redis.call('HDEL', key, ARGV[k])
          else
            redis.call('HSET', key, ARGV[k], num(versions[k] + 1) .. ':' .. string.sub(ARGV[k + 2], 2))
          end
        end
        return {}
        """;

    /// <summary>Ended before, how many to step over, how many to look at. Gives how many were looked at and kept, and the secrets of the others.</summary>
    public const string Trim = RedisScriptParts.Clock + """

        local store, service = clock()
        for _, hash in ipairs(redis.call('ZRANGEBYSCORE', B .. 'tokens', '-inf', num(service), 'LIMIT', 0, 1000)) do
          redis.call('DEL', B .. 't:' .. hash)
          redis.call('ZREM', B .. 'tokens', hash)
        end
        local nodes = redis.call('HGETALL', B .. 'nodes')
        for k = 1, #nodes, 2 do
          if nodes[k + 1] + 36e9 < service then
            redis.call('HDEL', B .. 'nodes', nodes[k])
            redis.call('HDEL', B .. 'marks', nodes[k])
          end
        end
        local old = redis.call('ZRANGEBYSCORE', B .. 'ended', '-inf', '(' .. ARGV[3], 'LIMIT', ARGV[4], ARGV[5])
        local kept, secrets = 0, {}
        for _, id in ipairs(old) do
          if redis.call('EXISTS', B .. 'e:' .. id) == 1 then
            kept = kept + 1
          else
            secrets[#secrets + 1] = redis.call('HGET', B .. 's:' .. id, 'h')
            redis.call('DEL', B .. 's:' .. id, B .. 'v:' .. id)
            redis.call('ZREM', B .. 'ended', id)
            redis.call('ZREM', B .. 'changes', id)
          end
        end
        return { #old, kept, secrets }
        """;
}
