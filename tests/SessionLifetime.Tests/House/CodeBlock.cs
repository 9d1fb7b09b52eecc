namespace SessionLifetime.Tests.House;

/// <summary>A fenced code block of a page.</summary>
/// <param name="Page">The page's path.</param>
/// <param name="Language">What stands behind the fence.</param>
/// <param name="Code">What stands in it.</param>
internal sealed record CodeBlock(string Page, string Language, string Code)
{
    public string Folded => DocumentationPage.Folded(Code);
}
