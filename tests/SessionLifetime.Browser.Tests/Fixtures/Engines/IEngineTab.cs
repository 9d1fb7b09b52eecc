namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>
/// A tab of any engine. What it does are acts of a user (real keys, a real pointer), except <see cref="EvaluateAsync{T}"/>. An element is named by a
/// CSS selector; <c>&gt;&gt;&gt;</c> leads into a shadow tree.
/// </summary>
public interface IEngineTab
{
    /// <summary>Types an address.</summary>
    Task GoToAsync(string url);

    /// <summary>Reloads the page.</summary>
    Task ReloadAsync();

    /// <summary>Goes back by the browser's button.</summary>
    Task BackAsync();

    /// <summary>Runs the body of an asynchronous function and gives what it returns.</summary>
    Task<T> EvaluateAsync<T>(string body);

    /// <summary>Clicks on an element.</summary>
    Task ClickAsync(string selector);

    /// <summary>Types text into an element.</summary>
    Task TypeAsync(string selector, string text);

    /// <summary>Presses a key where the focus is: <c>Tab</c>, <c>Enter</c>, <c>Escape</c>.</summary>
    Task PressAsync(string key);

    /// <summary>Closes the tab, as its button does.</summary>
    Task CloseAsync();

    /// <summary>A picture of what it shows.</summary>
    Task<byte[]> ScreenshotAsync();
}
