using System.Text.Json;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>Chromium's accessibility tree, by the DevTools protocol.</summary>
internal static class DevToolsTree
{
    /// <summary>Whether an element is in the tree with this role and this name.</summary>
    public static async Task<bool> IsExposedAsync(Func<string, Dictionary<string, object>, Task<JsonElement>> send, string selector, string role, string name)
    {
        var node = await NodeAsync(send, selector);
        return !node.GetProperty("ignored").GetBoolean() && ValueOf(node, "role") == role && ValueOf(node, "name") == name;
    }

    /// <summary>The description that assistive technology is told of an element.</summary>
    public static async Task<string?> DescriptionAsync(Func<string, Dictionary<string, object>, Task<JsonElement>> send, string selector) =>
        ValueOf(await NodeAsync(send, selector), "description");

    private static async Task<JsonElement> NodeAsync(Func<string, Dictionary<string, object>, Task<JsonElement>> send, string selector)
    {
        var found = await send("Runtime.evaluate", new() { ["expression"] = Deep.Find(selector) });
        var tree = await send("Accessibility.getPartialAXTree", new() { ["objectId"] = found.GetProperty("result").GetProperty("objectId").GetString()!, ["fetchRelatives"] = false });
        return tree.GetProperty("nodes")[0];
    }

    private static string? ValueOf(JsonElement node, string property) =>
        node.TryGetProperty(property, out var value) && value.TryGetProperty("value", out var text) ? text.GetString() : null;
}
