namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>Keys that are no characters.</summary>
internal static class Keys
{
    public const string Control = "\uE009";

    /// <summary>The keys of a press, in the order in which they go down, as WebDriver (section 17.4.2) codes them.</summary>
    public static IReadOnlyList<string> Of(string press) => press == "+" ? [press] :
    [
        .. press.Split('+').Select(static key => key switch
        {
            "Tab" => "\uE004",
            "Enter" => "\uE007",
            "Shift" => "\uE008",
            "Control" => Control,
            "Escape" => "\uE00C",
            "PageDown" => "\uE00F",
            "ArrowDown" => "\uE015",
            _ => key,
        }),
    ];
}
