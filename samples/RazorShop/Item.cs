namespace RazorShop;

/// <summary>What the shop sells.</summary>
public sealed record Item(string Id, string Name, string Note, decimal Price)
{
    public static IReadOnlyList<Item> All { get; } =
    [
        new("lamp", "Reading lamp", "Brass, with a cord of linen", 89m),
        new("mug", "Mug", "Stoneware, holds a third of a litre", 18m),
        new("book", "Notebook", "Two hundred pages, dotted", 14.5m),
        new("pen", "Fountain pen", "Fine nib, black ink", 36m),
    ];

    public static Item? Find(string? id) => All.FirstOrDefault(item => string.Equals(item.Id, id, StringComparison.Ordinal));
}
