namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>
/// A tab of any engine. What it does are acts of a user (real keys, a real pointer), except <see cref="EvaluateAsync{T}"/>. An element is named by a
/// CSS selector; <c>&gt;&gt;&gt;</c> leads into a shadow tree. Whoever clicks waits until the element is there.
/// </summary>
public interface IEngineTab
{
    /// <summary>Types an address, and waits until its page is parsed.</summary>
    Task GoToAsync(string url);

    /// <summary>Reloads the page.</summary>
    Task ReloadAsync();

    /// <summary>Goes back by the browser's button.</summary>
    Task BackAsync();

    /// <summary>Runs the body of an asynchronous function and gives what it returns.</summary>
    Task<T> EvaluateAsync<T>(string body);

    /// <summary>Clicks on an element, with the Control key held where a link is to open a tab.</summary>
    Task ClickAsync(string selector, bool withControl = false);

    /// <summary>Clicks at a place of the page.</summary>
    Task ClickAtAsync(int x, int y);

    /// <summary>Moves the pointer to a place of the page.</summary>
    Task MoveToAsync(int x, int y);

    /// <summary>Turns the wheel while the pointer is at a place of the page.</summary>
    Task WheelAsync(int x, int y, int by);

    /// <summary>Types text into an element.</summary>
    Task TypeAsync(string selector, string text);

    /// <summary>Presses a key where the focus is: a character, <c>Tab</c>, <c>Shift+Tab</c>, <c>Enter</c>, <c>Escape</c>, <c>PageDown</c>, <c>ArrowDown</c>.</summary>
    Task PressAsync(string key);

    /// <summary>Makes the page as large as this.</summary>
    Task ResizeAsync(int width, int height);

    /// <summary>Shows it in front of the other tabs.</summary>
    Task ShowAsync();

    /// <summary>Closes the tab, as its button does.</summary>
    Task CloseAsync();

    /// <summary>Whether assistive technology is told of an element by this role and this name, as the browser computes them.</summary>
    Task<bool> IsExposedAsync(string selector, string role, string name);

    /// <summary>A picture of what it shows.</summary>
    Task<byte[]> ScreenshotAsync();
}
