namespace SessionLifetime.Cluster.Tests;

/// <summary>Texts from outside, as every store can keep them.</summary>
public sealed class StoreTextTests
{
    [Theory]
    [InlineData("ada")]
    [InlineData("")]
    [InlineData("CORP\\ada \ud83d\ude00 ä")]
    public void AText_IsKeptAsItIs(string text)
    {
        Assert.Same(text, StoreText.Keep(text));
        Assert.Equal(text, StoreText.Read(text));
    }

    [Theory]
    [InlineData(0, 'a')]
    [InlineData(0xd800, 'a')]
    [InlineData(0xdc00, 0xd800)]
    [InlineData(0x1b, 0)]
    [InlineData('a', 0x1b)]
    [InlineData(0xd83d, 0xde00)]
    public void WhatADatabaseDoesNotTake_IsWrittenInAnotherWay_AndReadAsItWas(int first, int second)
    {
        var text = "x" + (char)first + (char)second + "0000";

        var kept = StoreText.Keep(text)!;

        Assert.DoesNotContain('\0', kept);
        Assert.Equal(kept, System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(kept)));
        Assert.Equal(text, StoreText.Read(kept));
    }

    [Fact]
    public void AKeyThatAStoreCannotKeep_IsRefused()
    {
        StoreText.CheckKey(new('a', 1024));

        Assert.Throws<ArgumentException>(() => StoreText.CheckKey(new('a', 1025)));
        Assert.Throws<ArgumentException>(() => StoreText.CheckKey("a\0"));
        Assert.Throws<ArgumentException>(() => StoreText.CheckKey("a" + (char)0xd800));
    }
}
