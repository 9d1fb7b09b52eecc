namespace SessionLifetime.Redis;

/// <summary>The scripts of the outbox; as <see cref="RedisScripts"/>.</summary>
internal static class RedisEventScripts
{
    /// <summary>
    /// Node, most, whether those taken are given again, and the kinds to take of what is free; no kinds for all. Sessions whose first event waits stand in
    /// the queue of its addressee, those that are with a node in the list of that node: a look costs what it gives. What belonged to a node that is not live any more is put into the queue of nobody first.
    /// </summary>
    public const string TakeEvents = RedisScriptParts.Session + """

        local store, service = clock()
        local node, most, events = ARGV[3], tonumber(ARGV[4]), {}
        for _, owner in ipairs(redis.call('SMEMBERS', B .. 'owners')) do
          local till = owner ~= '' and redis.call('HGET', B .. 'nodes', owner)
          if owner ~= '' and owner ~= node and not (till and tonumber(till) > service) then
            for _, from in ipairs({ 'q:', 'x:' }) do
              if redis.call('EXISTS', B .. from .. owner) == 1 then
                redis.call('SADD', B .. 'owners', '')
                redis.call('ZUNIONSTORE', B .. 'q:', 2, B .. 'q:', B .. from .. owner, 'AGGREGATE', 'MIN')
                redis.call('DEL', B .. from .. owner)
              end
            end
            redis.call('SREM', B .. 'owners', owner)
          end
        end
        local kinds = #ARGV > 5 and {} or nil
        for k = 6, #ARGV do kinds[ARGV[k]] = true end
        local function take(from, isAgain, isFree)
          local at = 0
          while #events < most do
            local some = redis.call('ZRANGE', B .. from, at, at + most - #events - 1, 'WITHSCORES')
            if #some == 0 then return end
            for k = 1, #some, 2 do
              local id = some[k]
              local e = cmsgpack.unpack(redis.call('LINDEX', B .. 'e:' .. id, 0))
              if isFree and kinds and not kinds[e[2]] then
                at = at + 1
              else
                if isAgain then
                  at = at + 1
                else
                  e[4], e[5], e[6] = e[4] + 1, node, true
                  redis.call('LSET', B .. 'e:' .. id, 0, cmsgpack.pack(e))
                  redis.call('ZREM', B .. from, id)
                  redis.call('ZADD', B .. 'x:' .. node, some[k + 1], id)
                  redis.call('SADD', B .. 'owners', node)
                end
                events[#events + 1] = { id, e[1], e[2], e[3], e[4] }
              end
            end
          end
        end
        local till = redis.call('HGET', B .. 'nodes', node)
        if ARGV[5] == '1' or not (till and tonumber(till) > service) then take('x:' .. node, true, false) end
        take('q:' .. node, false, false)
        take('q:', false, true)
        forgetOwner('')
        forgetOwner(node)
        return events
        """;

    /// <summary>Channel, and of each result the session's id, sequence, attempt, and whether the event was delivered.</summary>
    public const string Complete = RedisScriptParts.Session + """

        local news, owners = {}, { [''] = true }
        local function complete(id, sequence, attempt, isDelivered)
          local events = B .. 'e:' .. id
          local first = redis.call('LINDEX', events, 0)
          if not first then return end
          local e = cmsgpack.unpack(first)
          if e[1] ~= sequence or e[4] ~= tonumber(attempt) then return end
          local place
          for _, from in ipairs({ 'x:' .. e[5], 'q:' .. e[5], 'q:' }) do
            place = redis.call('ZSCORE', B .. from, id)
            if place then
              redis.call('ZREM', B .. from, id)
              break
            end
          end
          owners[e[5]] = true
          if not isDelivered then
            e[5], e[6] = '', false
            redis.call('LSET', events, 0, cmsgpack.pack(e))
            queue(id, '', place or nil)
            return
          end
          redis.call('LPOP', events)
          local after = redis.call('LINDEX', events, 0)
          if after then
            queue(id, cmsgpack.unpack(after)[5], place or nil)
            return
          end
          local s = redis.call('HMGET', B .. 's:' .. id, 'v', 'end')
          if s[1] then changed(news, id, s[1], s[2] ~= '', true) end
        end
        for k = 4, #ARGV, 4 do complete(ARGV[k], ARGV[k + 1], ARGV[k + 2], ARGV[k + 3] ~= '0') end
        for owner in pairs(owners) do forgetOwner(owner) end
        tell(ARGV[3], news)
        return 0
        """;
}
