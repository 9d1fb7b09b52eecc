namespace DesktopInATab;

/// <summary>What the user has typed into the form.</summary>
public sealed record OrderDocument(string Customer, string Note);
