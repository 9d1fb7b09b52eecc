using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>The one line by which an app chooses a store.</summary>
public sealed class StoreRegistrationTests
{
    [Theory]
    [InlineData("SqliteBackingStore")]
    [InlineData("PostgreSqlBackingStore")]
    [InlineData("RedisBackingStore")]
    public async Task OneLine_ChoosesTheStore_AndTheLastOneWins(string expected)
    {
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        var lines = new Dictionary<string, Action<SessionLifetimeBuilder>>(StringComparer.Ordinal)
        {
            ["SqliteBackingStore"] = builder => builder.UseSqlite($"Data Source={file}", static options => options.FlushInterval = TimeSpan.FromSeconds(2)),
            ["PostgreSqlBackingStore"] = static builder => builder.UsePostgreSql("Host=127.0.0.1;Port=1", static options => options.FlushInterval = TimeSpan.FromSeconds(2)),
            ["RedisBackingStore"] = static builder => builder.UseRedis("127.0.0.1:1", static options => options.FlushInterval = TimeSpan.FromSeconds(2)),
        };
        var services = new ServiceCollection().AddLogging();
        var builder = services.AddSessionLifetime();
        foreach (var (_, line) in lines.OrderBy(line => line.Key == expected))
        {
            line(builder);
        }

        await using var provider = services.BuildServiceProvider();
        Assert.Equal(expected, provider.GetRequiredService<ISessionBackingStore>().GetType().Name);
        Assert.Equal(TimeSpan.FromSeconds(2), provider.GetRequiredService<Microsoft.Extensions.Options.IOptions<SessionStoreOptions>>().Value.FlushInterval);
    }

    [Fact]
    public void WhatCannotBeRight_IsRefusedAtOnce()
    {
        var builder = new ServiceCollection().AddSessionLifetime();

        Assert.ThrowsAny<ArgumentException>(() => builder.UseSqlite("File=x"));
        Assert.ThrowsAny<ArgumentException>(() => builder.UsePostgreSql("Hots=x"));
        Assert.ThrowsAny<ArgumentException>(() => builder.UsePostgreSql("Host=x", database: static options => options.Schema = ""));
        Assert.ThrowsAny<ArgumentException>(() => builder.UseRedis("localhost,passwort=x"));
        Assert.ThrowsAny<ArgumentException>(() => builder.UseRedis("localhost", prefix: "{x}"));
        Assert.ThrowsAny<ArgumentException>(() => builder.UseRedis("localhost", prefix: ""));
        Assert.Throws<ArgumentNullException>(() => builder.UsePostgreSql((NpgsqlDataSource)null!));
    }
}
