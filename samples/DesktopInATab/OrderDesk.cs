namespace DesktopInATab;

/// <summary>
/// One running instance of the program: made when its tab first asks for it, disposed when the tab's session ends. What it knows is in
/// ordinary fields.
/// </summary>
public sealed class OrderDesk : IDisposable
{
    private static readonly Item[] s_items =
    [
        new("notebook", "Notebook", 4.50m),
        new("pencil", "Pencil", 1.20m),
        new("ruler", "Steel ruler", 6.80m),
        new("ink", "Bottle of ink", 9.90m),
    ];

    private readonly SortedDictionary<string, int> _cart = new(StringComparer.Ordinal);
    private readonly RunningDesktops _running;
    private readonly int _number;
    private int _orders;

    public OrderDesk(RunningDesktops running)
    {
        _running = running;
        _number = running.Open();
    }

    public OrderDocument Document { get; set; } = new("", "");

    public bool Add(string item)
    {
        if (!s_items.Any(known => string.Equals(known.Id, item, StringComparison.Ordinal)))
        {
            return false;
        }

        _cart[item] = Math.Min(99, _cart.GetValueOrDefault(item) + 1);
        return true;
    }

    public void Remove(string item) => _cart.Remove(item);

    /// <summary>False while the cart is empty.</summary>
    public bool Order()
    {
        if (_cart.Count == 0)
        {
            return false;
        }

        _orders++;
        _cart.Clear();
        return true;
    }

    public object Show()
    {
        var lines = s_items.Where(item => _cart.ContainsKey(item.Id)).Select(item => new { item.Id, item.Name, Count = _cart[item.Id], Price = item.Price * _cart[item.Id] }).ToList();
        return new { Number = _number, Orders = _orders, Items = s_items, Cart = lines, Total = lines.Sum(line => line.Price), Document };
    }

    public void Dispose() => _running.Close();
}
