namespace DesktopInATab;

/// <summary>Something to order.</summary>
public sealed record Item(string Id, string Name, decimal Price);
