namespace SessionLifetime.Redis;

/// <summary>What scripts begin with.</summary>
internal static class RedisScriptParts
{
    public const string Head = """
        local B, offset = ARGV[1], tonumber(ARGV[2])
        local function num(x) return string.format('%.0f', x) end
        """;

    public const string Clock = Head + """

        local function clock()
          local c = redis.call('HMGET', B .. 'clock', 'origin', 'latest', 'ends', 'off')
          if not c[1] then return error('the store has no clock: no node has sent a heartbeat') end
          local t = redis.call('TIME')
          local store = math.max((t[1] - c[1]) * 1e7 + t[2] * 10 + 864e9 + offset, tonumber(c[2]))
          return store, math.min(store, tonumber(c[3])) - c[4]
        end
        """;

    public const string Session = Clock + """

        local function record(id)
          return redis.call('HMGET', B .. 's:' .. id, 'v', 'h', 'a', 's', 'i', 'r', 'due', 'abs', 'b', 'u', 'home', 'end', 'at', 'w', 'st')
        end
        local function placeDue(id, at)
          if at ~= '' then redis.call('ZADD', B .. 'due', at, id) else redis.call('ZREM', B .. 'due', id) end
        end
        local function placeAbsolute(id, at)
          if at ~= '' then redis.call('ZADD', B .. 'absolute', at, id) else redis.call('ZREM', B .. 'absolute', id) end
        end
        local function member(group, old, new, id)
          if old == new then return end
          if old and old ~= '' then redis.call('ZREM', group .. old, id) end
          if new ~= '' then redis.call('ZADD', group .. new, 0, id) end
        end
        local function queue(id, address, at)
          redis.call('ZADD', B .. 'q:' .. address, at or redis.call('INCR', B .. 'place'), id)
          redis.call('SADD', B .. 'owners', address)
        end
        local function forgetOwner(owner)
          if redis.call('EXISTS', B .. 'q:' .. owner, B .. 'x:' .. owner) == 0 then redis.call('SREM', B .. 'owners', owner) end
        end
        local function changed(news, id, version, ended, told)
          redis.call('ZADD', B .. 'changes', redis.call('INCR', B .. 'number'), id)
          if told == nil then told = redis.call('EXISTS', B .. 'e:' .. id) == 0 end
          news[#news + 1] = id .. ':' .. version .. ':' .. (ended and 1 or 0) .. (told and 1 or 0)
        end
        local function tell(channel, news)
          if #news > 0 then redis.call('PUBLISH', channel, table.concat(news, ' ')) end
        end
        """;
}
